import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkDiscoveryIssuer, discoverKeys } from "../../src/keys/discover-keys.ts";
import { type FetchFailure, FetchProblem } from "../../src/keys/fetch-failure.ts";
import { type Answer, createDocumentSource, type DocumentSource, hang } from "./document-source.ts";

const ISSUER = "https://idp.example";
const OPENID = `${ISSUER}/.well-known/openid-configuration`;
const OAUTH = `${ISSUER}/.well-known/oauth-authorization-server`;
const JWKS = `${ISSUER}/jwks`;

function metadata(members: Readonly<Record<string, unknown>> = {}): Answer {
  return () => Response.json({ issuer: ISSUER, jwks_uri: JWKS, ...members });
}

function status(code: number): Answer {
  return () => new Response("", { status: code });
}

async function discover(
  source: DocumentSource,
  signal: AbortSignal = new AbortController().signal,
): Promise<string> {
  const settings = { maxBytes: 10_000, maxRedirects: 0, insecureLoopbackHttp: false };
  return discoverKeys({ issuer: ISSUER, signal }, { fetch: source.fetch, clock: () => 0, settings });
}

function publish(openid: Answer, oauth: Answer = status(404)): DocumentSource {
  const source = createDocumentSource();
  source.answers.set(OPENID, openid);
  source.answers.set(OAUTH, oauth);
  return source;
}

async function fail(openid: Answer, oauth?: Answer): Promise<FetchFailure> {
  return discover(publish(openid, oauth)).then(
    () => assert.fail("the keys were found"),
    (error: unknown) => {
      assert.ok(error instanceof FetchProblem);
      return error.failure;
    },
  );
}

describe("an issuer as a base of discovery", () => {
  test("says what is wrong with it", () => {
    const rules = { insecureLoopbackHttp: false };
    assert.equal(checkDiscoveryIssuer("x", rules), "expected an absolute https URL");
    for (const issuer of [`${ISSUER}?`, `${ISSUER}/#f`]) {
      assert.equal(
        checkDiscoveryIssuer(issuer, rules),
        "expected an issuer without query and fragment (RFC 8414 section 2)",
      );
    }
  });
});

describe("metadata", () => {
  test("gives the URL of the keys", async () => {
    assert.equal(await discover(publish(metadata())), JWKS);
    assert.equal(await discover(publish(metadata(), metadata())), JWKS);
    for (const code of [403, 404, 410]) assert.equal(await discover(publish(status(code), metadata())), JWKS);
  });

  test("of another form or issuer is refused with what was expected", async () => {
    const rows: readonly (readonly [openid: Answer, result: string, detail: string])[] = [
      [() => new Response("[]"), "parse", "metadata: expected a JSON object"],
      [() => new Response(""), "parse", "metadata: expected strict JSON: no JSON value at position 0"],
      [
        metadata({ issuer: `${ISSUER}/` }),
        "issuer_mismatch",
        "metadata: issuer is not the configured one, code point by code point",
      ],
      [metadata({ jwks_uri: undefined }), "parse", "metadata: jwks_uri: expected text"],
      [metadata({ jwks_uri: "/jwks" }), "parse", "metadata: jwks_uri: expected an absolute https URL"],
      [
        metadata({ jwks_uri: "https://10.0.0.1/jwks" }),
        "parse",
        "metadata: jwks_uri names an address that is not the issuer's own",
      ],
      [status(500), "http_5xx", "metadata: expected status 200, found 500"],
      [
        () => Promise.reject(new Error("https://secret.example")),
        "connect",
        "metadata: the connection failed or broke",
      ],
    ];
    for (const [openid, result, detail] of rows) {
      const failure = await fail(openid, metadata());
      assert.deepEqual([failure.result, failure.detail], [result, detail]);
    }
  });

  test("keeps the status of what failed, and the wish of the source", async () => {
    const answer = (): Response => new Response("", { status: 503, headers: { "retry-after": "7" } });
    assert.deepEqual(await fail(answer), {
      result: "http_5xx",
      detail: "metadata: expected status 200, found 503",
      status: 503,
      retryAfterSeconds: 7,
    });
  });

  test("that names two sets of keys is refused", async () => {
    assert.deepEqual(await fail(metadata(), metadata({ jwks_uri: `${ISSUER}/other` })), {
      result: "issuer_mismatch",
      detail: "metadata: the two documents name different values of jwks_uri",
    });
  });

  test("that exists nowhere fails as the OpenID document does, and else as the OAuth one does", async () => {
    for (const code of [403, 404, 410]) assert.equal((await fail(status(403), status(code))).status, 403);
    assert.equal((await fail(status(404), status(500))).status, 500);
    assert.equal((await fail(status(404), metadata({ issuer: "x" }))).result, "issuer_mismatch");
  });
});

describe("the second document", () => {
  const signalOf = (source: DocumentSource): AbortSignal | undefined =>
    source.requests.find(({ url }) => url === OAUTH)?.init.signal;

  test("is not waited for where it does not come, and given up", async () => {
    const source = publish(metadata(), hang);
    assert.equal(await discover(source), JWKS);
    assert.equal(signalOf(source)?.aborted, true);
  });

  test("is given up at once where the first fails", async () => {
    const source = publish(status(500), hang);
    await assert.rejects(discover(source));
    assert.equal(signalOf(source)?.aborted, true);
  });

  test("is bounded by the caller's signal where it decides", async () => {
    const controller = new AbortController();
    const source = publish(status(404), hang);
    const failing = discover(source, controller.signal);
    await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(signalOf(source)?.aborted, false);
    controller.abort();
    await assert.rejects(failing, /^Error: metadata: no complete answer in time$/);
  });

  test("changes nothing where it is broken or of another issuer", async () => {
    for (const oauth of [status(500), metadata({ issuer: "x" }), (): Response => new Response("<html>")])
      assert.equal(await discover(publish(metadata(), oauth)), JWKS);
  });
});
