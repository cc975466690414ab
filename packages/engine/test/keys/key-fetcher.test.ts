import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ALGORITHMS } from "../../src/algorithms.ts";
import { nameFetchFailure } from "../../src/keys/fetch-failure.ts";
import { type FetchedKeys, KeyFetcher } from "../../src/keys/key-fetcher.ts";
import type { KeysFrom, RemoteKeySettings } from "../../src/keys/remote-options.ts";
import { type Answer, createDocumentSource, type DocumentSource } from "./document-source.ts";
import { createJwk, settingsOf } from "./remote-world.ts";

const ISSUER = "https://idp.example";
const OPENID = `${ISSUER}/.well-known/openid-configuration`;
const JWKS = `${ISSUER}/jwks`;
const MOVED = "https://keys.example/jwks";
const A = createJwk("a");

interface Setup {
  readonly source?: KeysFrom;
  readonly issuer?: string;
  readonly settings?: Partial<RemoteKeySettings>;
}

interface Fetching {
  readonly documents: DocumentSource;
  /** Fetches at this elapsed time, in milliseconds. */
  fetch(now: number, signal?: AbortSignal): Promise<FetchedKeys>;
  /** "result: detail" of a fetch that fails. */
  fail(now: number): Promise<string>;
}

function createFetching({ source = { discovery: true }, issuer = ISSUER, settings }: Setup = {}): Fetching {
  const documents = createDocumentSource();
  documents.answers.set(JWKS, () => Response.json({ keys: [A] }));
  documents.answers.set(MOVED, () => Response.json({ keys: [A] }));
  documents.answers.set(OPENID, pointTo(JWKS));
  const fetcher = new KeyFetcher({
    issuer,
    source,
    algorithms: [ALGORITHMS.Ed25519],
    settings: { ...settingsOf(settings), insecureLoopbackHttp: false },
    fetch: documents.fetch,
    clock: () => 0,
  });
  const fetch: Fetching["fetch"] = (now, signal = new AbortController().signal) =>
    fetcher.fetch({ now, signal });
  const fail = (now: number): Promise<string> =>
    fetch(now).then(
      () => assert.fail("the fetch succeeded"),
      (error: unknown) => {
        const { result, detail } = nameFetchFailure(error);
        return `${result}: ${detail}`;
      },
    );
  return { documents, fetch, fail };
}

function pointTo(uri: string): Answer {
  return () => Response.json({ issuer: ISSUER, jwks_uri: uri });
}

function status(code: number): Answer {
  return () => new Response("", { status: code });
}

/** Answers with the document and its ETag, and with 304 to whoever has it. */
function tagged(documents: DocumentSource, body: unknown): Answer {
  return () =>
    documents.lastEtag() === '"v1"'
      ? new Response(null, { status: 304, headers: { etag: '"v1"' } })
      : Response.json(body, { headers: { etag: '"v1"' } });
}

describe("the place of keys", () => {
  test("is refused at construction where it could not be fetched from", () => {
    assert.throws(
      () => createFetching({ source: { jwksUri: "http://idp.example/jwks" } }),
      new TypeError("jwksUri: expected https: http is admitted for loopback hosts only"),
    );
    assert.throws(
      () => createFetching({ issuer: "idp.example" }),
      new TypeError("issuer: expected an absolute https URL"),
    );
    // The configured URL counts, whatever the issuer is.
    createFetching({ source: { jwksUri: JWKS }, issuer: "urn:issuer" });
  });

  test("is the configured one for ever, without metadata", async () => {
    const { documents, fetch, fail } = createFetching({ source: { jwksUri: JWKS } });
    assert.equal((await fetch(0)).set.hasUsableKeys, true);
    await fetch(1e12);
    documents.answers.set(JWKS, status(404));
    assert.equal(await fail(1e12), "http_4xx: expected status 200, found 404");
    assert.deepEqual(new Set(documents.requests.map(({ url }) => url)), new Set([JWKS]));
    assert.equal(documents.count(JWKS), 3);
  });

  test("is read from metadata, and again after the longest refresh interval", async () => {
    const { documents, fetch } = createFetching({ settings: { maxRefreshSeconds: 100 } });
    assert.equal((await fetch(5000)).note, undefined);
    await fetch(104_999);
    assert.equal(documents.count(OPENID), 1);
    assert.equal((await fetch(105_000)).note, undefined);
    assert.equal(documents.count(OPENID), 2);
    await fetch(204_999);
    assert.equal(documents.count(OPENID), 2);
  });

  test("may move, which is told", async () => {
    const { documents, fetch } = createFetching({ settings: { maxRefreshSeconds: 100 } });
    await fetch(0);
    documents.answers.set(OPENID, pointTo(MOVED));
    const { note } = await fetch(100_000);
    assert.equal(note, "jwks_uri moved from host idp.example to host keys.example");
    assert.equal((await fetch(100_001)).note, undefined);
    assert.equal(documents.count(MOVED), 2);
  });

  test("is looked for again where the keys are gone, once", async () => {
    for (const code of [404, 410]) {
      const { documents, fetch, fail } = createFetching();
      await fetch(0);
      documents.answers.set(JWKS, status(code));
      // Still named by the metadata: asking there again is of no use.
      assert.equal(await fail(1), `http_4xx: expected status 200, found ${code}`);
      assert.equal(documents.count(OPENID), 2);
      assert.equal(documents.count(JWKS), 2);
      documents.answers.set(OPENID, pointTo(MOVED));
      assert.equal((await fetch(2)).note, "jwks_uri moved from host idp.example to host keys.example");
    }
  });

  test("is not looked for again after another failure, or where it was read just now", async () => {
    for (const code of [403, 500]) {
      const { documents, fetch, fail } = createFetching();
      await fetch(0);
      documents.answers.set(JWKS, status(code));
      assert.match(await fail(1), new RegExp(`found ${code}$`));
      assert.equal(documents.count(OPENID), 1);
    }
    const { documents, fail } = createFetching();
    documents.answers.set(JWKS, status(404));
    assert.match(await fail(0), /found 404$/);
    assert.equal(documents.count(OPENID), 1);
  });
});

describe("metadata that cannot be read again", () => {
  const settings = { maxRefreshSeconds: 100, maxStaleSeconds: 500 };

  test("leaves the last place in use for the stale bound, which is told", async () => {
    const { documents, fetch, fail } = createFetching({ settings });
    await fetch(1000);
    documents.answers.set(OPENID, status(500));
    for (const now of [101_000, 500_999]) {
      assert.equal(
        (await fetch(now)).note,
        "metadata: expected status 200, found 500; the last known jwks_uri is used",
      );
    }
    assert.equal(await fail(501_000), "http_5xx: metadata: expected status 200, found 500");
    assert.equal(documents.count(JWKS), 3);
  });

  test("is asked for once more where the keys are gone too", async () => {
    const { documents, fetch, fail } = createFetching({ settings });
    await fetch(0);
    documents.answers.set(OPENID, status(500));
    documents.answers.set(JWKS, status(404));
    assert.equal(await fail(100_000), "http_4xx: expected status 200, found 404");
    assert.equal(documents.count(OPENID), 3);
    assert.equal(documents.count(JWKS), 2);
  });

  test("is obeyed where it contradicts or is broken, and where the time is up", async () => {
    for (const [answer, said] of [
      [() => Response.json({ issuer: "https://evil.example", jwks_uri: JWKS }), /^issuer_mismatch: /],
      [(): Response => new Response("<html>"), /^parse: metadata: expected strict JSON/],
    ] as const) {
      const { documents, fetch, fail } = createFetching({ settings });
      await fetch(0);
      documents.answers.set(OPENID, answer);
      assert.match(await fail(100_000), said);
      assert.equal(documents.count(JWKS), 1);
    }
    const { documents, fetch } = createFetching({ settings });
    await fetch(0);
    await assert.rejects(fetch(100_000, AbortSignal.abort()), /metadata: no complete answer in time/);
    assert.equal(documents.count(JWKS), 1);
  });

  test("is a failure where no place is known yet", async () => {
    const { documents, fail } = createFetching({ settings });
    documents.answers.set(OPENID, status(500));
    assert.equal(await fail(0), "http_5xx: metadata: expected status 200, found 500");
  });
});

describe("fetched keys", () => {
  const source = { jwksUri: JWKS };

  test("are new where the document differs from the last", async () => {
    const { documents, fetch } = createFetching({ source });
    const first = await fetch(0);
    assert.deepEqual(
      [first.result, first.isNew, first.text],
      ["success", true, JSON.stringify({ keys: [A] })],
    );
    const same = await fetch(1);
    assert.deepEqual([same.result, same.isNew, same.set === first.set], ["success", false, true]);
    documents.answers.set(JWKS, () => Response.json({ keys: [A, createJwk("b")] }));
    const other = await fetch(2);
    assert.deepEqual([other.result, other.isNew, other.set.keys.length], ["success", true, 2]);
  });

  test("are the last ones where the source says that nothing changed", async () => {
    const { documents, fetch } = createFetching({ source });
    documents.answers.set(JWKS, tagged(documents, { keys: [A] }));
    const first = await fetch(0);
    assert.equal(documents.lastEtag(), undefined);
    const second = await fetch(1);
    assert.equal(documents.lastEtag(), '"v1"');
    assert.deepEqual(
      [second.result, second.isNew, second.set === first.set, second.text === first.text],
      ["not_modified", false, true, true],
    );
  });

  test("are asked for without the ETag of another place", async () => {
    const { documents, fetch } = createFetching({ settings: { maxRefreshSeconds: 100 } });
    documents.answers.set(JWKS, tagged(documents, { keys: [A] }));
    await fetch(0);
    documents.answers.set(OPENID, pointTo(MOVED));
    documents.answers.set(MOVED, tagged(documents, { keys: [A] }));
    assert.equal((await fetch(100_000)).result, "success");
    assert.equal(documents.lastEtag(), undefined);
  });

  test("are not built upon where none can be used", async () => {
    const { documents, fetch } = createFetching({ source });
    documents.answers.set(JWKS, tagged(documents, { keys: [] }));
    assert.equal((await fetch(0)).set.hasUsableKeys, false);
    await fetch(1);
    assert.equal(documents.lastEtag(), undefined);
  });

  test("that hold a secret are no secret any more", async () => {
    const { documents, fetch } = createFetching({ source });
    documents.answers.set(JWKS, () => Response.json({ keys: [A, { ...createJwk("b"), d: "AA" }] }));
    const [refused] = (await fetch(0)).set.refused;
    assert.deepEqual([refused?.index, refused?.keyId], [1, "b"]);
    assert.match(refused?.problem ?? "", /^private members \(d\) .* have the issuer replace it at once$/);
  });

  test("that are no key set, or too many, fail with what was expected", async () => {
    const { documents, fail } = createFetching({ source, settings: { maxKeys: 1 } });
    const rows: readonly (readonly [body: unknown, said: string])[] = [
      [{}, "parse: expected a member keys that is an array (RFC 7517 section 5)"],
      [{ keys: [A, A] }, "too_large: expected at most 1 keys, found 2; see maxKeys"],
      [[], "parse: expected a JSON object"],
    ];
    for (const [body, said] of rows) {
      documents.answers.set(JWKS, () => Response.json(body));
      assert.equal(await fail(0), said);
    }
  });
});
