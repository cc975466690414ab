import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FetchProblem, hasStatus, nameFetchFailure } from "../../src/keys/fetch-failure.ts";

function nameCode(code: unknown): readonly [string, string] {
  const { result, detail } = nameFetchFailure(Object.assign(new Error("https://secret.example"), { code }));
  return [result, detail];
}

/** An error whose code stands under so many others. */
function wrap(depth: number): unknown {
  return depth === 0 ? { code: "ENOTFOUND" } : { cause: wrap(depth - 1) };
}

describe("the name of a failed fetch", () => {
  test("says what failed, and the runtime's code", () => {
    const dns = "the host's name was not resolved";
    const encoding = "the answer's content encoding is broken";
    const rows: readonly (readonly [code: string, result: string, text: string])[] = [
      ["ENOTFOUND", "dns", dns],
      ["EAI_AGAIN", "dns", dns],
      ["ENODATA", "dns", dns],
      ["ESERVFAIL", "dns", dns],
      ["ETIMEDOUT", "timeout", "the connection timed out"],
      ["UND_ERR_HEADERS_TIMEOUT", "timeout", "the connection timed out"],
      ["ERR_TLS_CERT_ALTNAME_INVALID", "tls", "TLS failed"],
      ["ERR_SSL_WRONG_VERSION_NUMBER", "tls", "TLS failed"],
      ["CERT_HAS_EXPIRED", "tls", "TLS failed"],
      ["HOSTNAME_MISMATCH", "tls", "TLS failed"],
      ["INVALID_CA", "tls", "TLS failed"],
      ["PATH_LENGTH_EXCEEDED", "tls", "TLS failed"],
      ["EPROTO", "tls", "TLS failed"],
      ["Z_BUF_ERROR", "parse", encoding],
      ["ERR__ERROR_FORMAT_PADDING_1", "parse", encoding],
      ["ERR_ERROR_FORMAT_PADDING_1", "parse", encoding],
      ["ERR_BROTLI_FORMAT", "parse", encoding],
      ["ERR_BUFFER_TOO_LARGE", "parse", encoding],
      ["ZlibError", "parse", encoding],
      ["BrotliDecompressionError", "parse", encoding],
      ["ECONNREFUSED", "connect", "the connection failed or broke"],
      // Codes that only resemble others.
      ["XENOTFOUND", "connect", "the connection failed or broke"],
      ["XETIMEDOUT", "connect", "the connection failed or broke"],
      ["ETIMEDOUTX", "connect", "the connection failed or broke"],
      ["XCERT_HAS_EXPIRED", "connect", "the connection failed or broke"],
      ["EPROTOTYPE", "connect", "the connection failed or broke"],
      ["EZ_BUF_ERROR", "connect", "the connection failed or broke"],
    ];
    for (const [code, result, text] of rows) assert.deepEqual(nameCode(code), [result, `${text} (${code})`]);
  });

  test("tells no code that is long or no word", () => {
    const plain = ["connect", "the connection failed or broke"];
    for (const code of ["", "a b", "ENOTFOUND ", "https://a.example", "x".repeat(65), 7, undefined])
      assert.deepEqual(nameCode(code), plain);
    assert.deepEqual(nameCode("x".repeat(64)), ["connect", `${plain[1]} (${"x".repeat(64)})`]);
  });

  test("looks five causes deep, into the first of several errors", () => {
    for (const depth of [0, 1, 4]) assert.equal(nameFetchFailure(wrap(depth)).result, "dns");
    assert.equal(nameFetchFailure(wrap(5)).result, "connect");
    const [dns, tls] = [{ code: "ENOTFOUND" }, { code: "EPROTO" }];
    assert.equal(nameFetchFailure({ errors: [dns, tls], cause: tls }).result, "dns");
    assert.equal(nameFetchFailure({ errors: [], cause: tls }).result, "tls");
    assert.equal(nameFetchFailure({ errors: "x", cause: tls }).result, "tls");
    assert.equal(nameFetchFailure({ cause: "text" }).result, "connect");
  });

  test("is what a check of ours gave it, and else timeout once the time is up", () => {
    const failure = { result: "parse", detail: "d", status: 404 } as const;
    assert.equal(nameFetchFailure(new FetchProblem(failure), AbortSignal.abort()), failure);
    assert.deepEqual(nameFetchFailure(new Error("x"), AbortSignal.abort()), {
      result: "timeout",
      detail: "no complete answer in time",
    });
    assert.equal(nameFetchFailure(new Error("x"), new AbortController().signal).result, "connect");
  });

  test("goes with the status that was found", () => {
    const problem = new FetchProblem({ result: "http_4xx", detail: "d", status: 404 });
    assert.equal(problem.message, "d");
    assert.equal(hasStatus(problem, [403, 404]), true);
    assert.equal(hasStatus(problem, [410]), false);
    assert.equal(hasStatus({ failure: { status: 404 } }, [404]), false);
  });
});
