import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DocumentAnswer, fetchDocument } from "../../src/keys/fetch-document.ts";
import { type FetchFailure, nameFetchFailure } from "../../src/keys/fetch-failure.ts";
import { type Answer, createDocumentSource, type DocumentSource, disguise, hang } from "./document-source.ts";

const NOW = Date.UTC(2026, 10, 23, 10, 0, 0);
const URL_ = "https://idp.example/jwks";
const NEXT = "https://idp.example/next";

interface Options {
  readonly etag?: string;
  readonly signal?: AbortSignal;
  readonly maxBytes?: number;
  readonly maxRedirects?: number;
  readonly url?: string;
}

async function get(source: DocumentSource, options: Options = {}): Promise<DocumentAnswer> {
  const {
    etag,
    signal = new AbortController().signal,
    maxBytes = 100,
    maxRedirects = 0,
    url = URL_,
  } = options;
  const settings = { maxBytes, maxRedirects, insecureLoopbackHttp: false };
  return fetchDocument({ url, etag, signal }, { fetch: source.fetch, clock: () => NOW, settings });
}

async function getAnswer(answer: Answer, options?: Options): Promise<DocumentAnswer> {
  const source = createDocumentSource();
  source.answers.set(URL_, answer);
  return get(source, options);
}

async function fail(source: DocumentSource, options: Options = {}): Promise<FetchFailure> {
  return get(source, options).then(
    () => assert.fail("the fetch succeeded"),
    (error: unknown) => nameFetchFailure(error, options.signal),
  );
}

async function failAnswer(answer: Answer, options?: Options): Promise<FetchFailure> {
  const source = createDocumentSource();
  source.answers.set(URL_, answer);
  return fail(source, options);
}

/** A body that never ends by itself, and counts how often it was given up. */
function createEndlessBody(): { readonly body: ReadableStream<Uint8Array>; readonly canceled: () => number } {
  let canceled = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(10).fill(0x20)),
    cancel: () => {
      canceled += 1;
    },
  });
  return { body, canceled: () => canceled };
}

describe("a request for a document", () => {
  test("is a GET that follows nothing by itself and says what it takes", async () => {
    const source = createDocumentSource();
    source.answers.set(URL_, () => new Response("{}"));
    const { signal } = new AbortController();
    await get(source, { signal });
    assert.deepEqual(source.requests, [
      {
        url: URL_,
        init: {
          method: "GET",
          headers: { accept: "application/jwk-set+json, application/json" },
          redirect: "manual",
          signal,
        },
      },
    ]);
    await get(source, { etag: '"v1"' });
    assert.equal(source.lastEtag(), '"v1"');
  });

  test("is not sent to a URL that breaks the rules", async () => {
    const source = createDocumentSource();
    assert.deepEqual(await fail(source, { url: "http://idp.example/jwks" }), {
      result: "redirect",
      detail: "refused to fetch: expected https: http is admitted for loopback hosts only",
    });
    assert.deepEqual(source.requests, []);
  });
});

describe("an answer", () => {
  test("gives the text and what its headers say", async () => {
    const headers = { etag: 'W/"v1"', "cache-control": "max-age=60", date: new Date(NOW).toUTCString() };
    assert.deepEqual(await getAnswer(() => new Response('{"é":1}', { headers })), {
      text: '{"é":1}',
      type: "text/plain",
      freshnessSeconds: 60,
      etag: 'W/"v1"',
      clockDifferenceSeconds: 0,
    });
    assert.deepEqual(await getAnswer(() => new Response(null)), {
      text: "",
      type: "",
      freshnessSeconds: undefined,
      etag: undefined,
      clockDifferenceSeconds: undefined,
    });
  });

  test("measures an Expires without Date from our clock", async () => {
    const headers = { expires: new Date(NOW + 90_000).toUTCString() };
    assert.equal((await getAnswer(() => new Response("{}", { headers }))).freshnessSeconds, 90);
  });

  test("keeps an ETag of at most 1024 characters", async () => {
    for (const [length, kept] of [
      [1024, true],
      [1025, false],
    ] as const) {
      const etag = "e".repeat(length);
      const answer = await getAnswer(() => new Response("{}", { headers: { etag } }));
      assert.equal(answer.etag, kept ? etag : undefined);
    }
  });

  test("of status 304 is the old document, but only where that was named, and leaves no body unread", async () => {
    const { body, canceled } = createEndlessBody();
    const headers = { etag: '"v2"' };
    const answer = await getAnswer(() => disguise(new Response(body, { headers }), { status: 304 }), {
      etag: '"v1"',
    });
    assert.equal(answer.text, undefined);
    assert.equal(answer.etag, '"v2"');
    assert.equal(canceled(), 1);
    const failure = await failAnswer(() => new Response(null, { status: 304 }));
    assert.equal(failure.result, "parse");
  });

  test("of another status than 200 is a failure, and leaves no body unread", async () => {
    for (const [status, result] of [
      [201, "parse"],
      [299, "parse"],
      [300, "parse"],
      [399, "parse"],
      [400, "http_4xx"],
      [499, "http_4xx"],
      [500, "http_5xx"],
      [599, "http_5xx"],
    ] as const) {
      const { body, canceled } = createEndlessBody();
      assert.deepEqual(await failAnswer(() => new Response(body, { status })), {
        result,
        detail: `expected status 200, found ${status}`,
        status,
        retryAfterSeconds: undefined,
      });
      assert.equal(canceled(), 1);
    }
  });

  test("may ask for patience in seconds", async () => {
    for (const [value, seconds] of [
      ["120", 120],
      ["Mon, 23 Nov 2026 10:05:00 GMT", undefined],
    ] as const) {
      const headers = { "retry-after": value };
      const failure = await failAnswer(() => new Response("", { status: 503, headers }));
      assert.equal(failure.retryAfterSeconds, seconds);
    }
  });

  test("is read up to the bound and not beyond", async () => {
    assert.equal((await getAnswer(() => new Response("x".repeat(100)))).text?.length, 100);
    const tooLarge = { result: "too_large", detail: "expected at most 100 bytes; see maxBytes" };
    assert.deepEqual(await failAnswer(() => new Response("x".repeat(101))), tooLarge);
    const endless = createEndlessBody();
    assert.deepEqual(await failAnswer(() => new Response(endless.body)), tooLarge);
    assert.equal(endless.canceled(), 1);
  });

  test("is not read at all where its Content-Length is over the bound", async () => {
    const answer = (length: number): Response =>
      new Response("{}", { headers: { "content-length": `${length}` } });
    assert.equal((await getAnswer(() => answer(100))).text, "{}");
    assert.equal((await failAnswer(() => answer(101))).result, "too_large");
    const empty = new Response(null, { headers: { "content-length": "101" } });
    assert.equal((await failAnswer(() => empty)).result, "too_large");
  });

  test("must be UTF-8", async () => {
    assert.deepEqual(await failAnswer(() => new Response(new Uint8Array([0xff]))), {
      result: "parse",
      detail: "expected UTF-8",
    });
  });
});

describe("a redirect", () => {
  const redirect = (status: number, location: string): Response =>
    new Response(null, { status, headers: location === "" ? {} : { location } });

  test("is followed within the origin, up to the bound", async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      for (const location of [NEXT, "/next", "next"]) {
        const source = createDocumentSource();
        source.answers.set(URL_, () => redirect(status, location));
        source.answers.set(NEXT, () => new Response("{}"));
        assert.equal((await get(source, { maxRedirects: 1 })).text, "{}");
        assert.deepEqual(
          source.requests.map(({ url }) => url),
          [URL_, NEXT],
        );
        assert.deepEqual(await fail(source, { maxRedirects: 0 }), {
          result: "redirect",
          detail: "expected at most 0 redirects, found another; see maxRedirects",
        });
        source.answers.set(NEXT, () => redirect(status, URL_));
        assert.equal(
          (await fail(source, { maxRedirects: 2 })).detail,
          "expected at most 2 redirects, found another; see maxRedirects",
        );
      }
    }
  });

  test("to another origin is not followed", async () => {
    for (const location of [
      "https://evil.example/jwks",
      "https://idp.example:8443/jwks",
      "http://idp.example/jwks",
      "//evil.example/jwks",
      "file:///etc/passwd",
    ]) {
      assert.deepEqual(await failAnswer(() => redirect(302, location), { maxRedirects: 3 }), {
        result: "redirect",
        detail: "found a redirect to another origin",
      });
    }
  });

  test("that cannot be checked is not followed", async () => {
    const headers = { location: NEXT };
    for (const answer of [
      redirect(302, ""),
      redirect(302, "https://[broken"),
      disguise(new Response("{}", { headers }), { redirected: true }),
      disguise(new Response("{}"), { type: "opaqueredirect" }),
      disguise(new Response("{}"), { status: 0 }),
    ]) {
      assert.deepEqual(await failAnswer(() => answer, { maxRedirects: 3 }), {
        result: "redirect",
        detail: "found a redirect that cannot be checked",
      });
    }
  });

  test("leaves no body unread", async () => {
    const { body, canceled } = createEndlessBody();
    await failAnswer(() => new Response(body, { status: 302 }));
    assert.equal(canceled(), 1);
  });
});

describe("an aborted fetch", () => {
  const TIMEOUT = { result: "timeout", detail: "no complete answer in time" };

  test("ends at once, also where the port ignores the signal", async () => {
    assert.deepEqual(await failAnswer(hang, { signal: AbortSignal.abort() }), TIMEOUT);
    const controller = new AbortController();
    const failing = failAnswer(hang, { signal: controller.signal });
    controller.abort();
    assert.deepEqual(await failing, TIMEOUT);
  });

  test("ends while the body is read, and gives the body up", async () => {
    let canceled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: () => new Promise(() => undefined),
      cancel: () => {
        canceled += 1;
      },
    });
    const controller = new AbortController();
    const failing = failAnswer(() => new Response(body), { signal: controller.signal });
    await new Promise((resolve) => setTimeout(resolve, 1));
    controller.abort();
    assert.deepEqual(await failing, TIMEOUT);
    assert.equal(canceled, 1);
  });

  test("listens to the signal no longer than it lasts", async () => {
    const { signal } = new AbortController();
    let listening = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...parameters: Parameters<typeof add>) => {
      listening += 1;
      add(...parameters);
    };
    signal.removeEventListener = (...parameters: Parameters<typeof remove>) => {
      assert.equal(parameters[0], "abort");
      listening -= 1;
      remove(...parameters);
    };
    await getAnswer(() => new Response("{}"), { signal });
    await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(listening, 0);
  });
});
