import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { mayPointTo, parseFetchUrl } from "../../src/keys/fetch-url.ts";

function judge(text: string, insecureLoopbackHttp = false): string {
  const url = parseFetchUrl(text, { insecureLoopbackHttp });
  return url instanceof URL ? url.href : `<${url.problem}>`;
}

const ABSOLUTE = "<expected an absolute https URL>";
const CREDENTIALS = "<expected a URL without user name or password>";
const UNPRINTABLE = "<expected a URL without white space or control characters>";
const LOOPBACK_ONLY = "<expected https: http is admitted for loopback hosts only>";

describe("a URL that keys are fetched from", () => {
  test("is an https URL", () => {
    assert.equal(judge("https://idp.example/jwks?a=b#c"), "https://idp.example/jwks?a=b#c");
    assert.equal(judge("HTTPS://IDP.example"), "https://idp.example/");
    for (const text of ["", "jwks", "/jwks", "//idp.example/jwks", "https://", "https://[::1"])
      assert.equal(judge(text), ABSOLUTE);
    assert.equal(judge("ftp://idp.example/"), "<expected the scheme https, found ftp:>");
    assert.equal(judge("file:///etc/passwd", true), "<expected the scheme https, found file:>");
    assert.equal(judge("data:application/json,{}"), "<expected the scheme https, found data:>");
  });

  test("has at most 2048 characters", () => {
    const fill = (length: number): string => `https://idp.example/${"a".repeat(length - 20)}`;
    assert.equal(judge(fill(2048)), fill(2048));
    assert.equal(judge(fill(2049)), "<expected at most 2048 characters>");
  });

  test("has no white space and no control characters, which the parser would drop", () => {
    for (const code of [0x00, 0x09, 0x0a, 0x20, 0x7f, 0x80, 0xa0]) {
      const character = String.fromCharCode(code);
      for (const text of [`${character}https://a.example/`, `https://a.example/${character}b`])
        assert.equal(judge(text), UNPRINTABLE, `${code}`);
    }
    for (const text of ["https://a.example/!~", "https://a.example/¡"]) assert.match(judge(text), /^https:/);
  });

  test("holds no credentials", () => {
    for (const text of ["https://u@a.example/", "https://:p@a.example/", "https://u:p@a.example/"])
      assert.equal(judge(text), CREDENTIALS);
  });

  test("is http only to this machine, and only where that is configured", () => {
    for (const host of ["localhost", "127.0.0.1", "127.255.255.255", "127.1", "[::1]", "[0:0:0:0:0:0:0:1]"]) {
      assert.match(judge(`http://${host}:8080/jwks`, true), /^http:/, host);
      assert.equal(
        judge(`http://${host}:8080/jwks`),
        "<expected https, found http to a loopback host>",
        host,
      );
    }
    for (const host of [
      "a.example",
      "128.0.0.1",
      "10.127.0.0",
      "127.0.0.1.example",
      "x127.0.0.1.example",
      "localhost.",
      "localhost.example",
      "a.localhost",
      "[::2]",
    ]) {
      for (const admitted of [false, true])
        assert.equal(judge(`http://${host}/jwks`, admitted), LOOPBACK_ONLY, host);
    }
  });
});

describe("the address that metadata names", () => {
  const may = (target: string, issuer: string): boolean =>
    mayPointTo(new URL(`https://${target}`), new URL(`https://${issuer}`));

  test("may be any name", () => {
    for (const target of ["b.example", "localhost.example", "notlocalhost", "127.0.0.1.example"])
      assert.equal(may(target, "a.example"), true, target);
  });

  test("may be an address or a local name only where the issuer is there itself", () => {
    for (const target of [
      "10.0.0.1",
      "169.254.169.254",
      "0x7f.1",
      "[fd00::1]",
      "localhost",
      "localhost.",
      "a.localhost",
      "a.localhost.",
    ]) {
      assert.equal(may(target, "a.example"), false, target);
      assert.equal(may(target, target), true, target);
    }
    assert.equal(may("10.0.0.1", "10.0.0.2"), false);
    assert.equal(may("10.0.0.1", "localhost"), false);
    assert.equal(may("127.0.0.1", "10.0.0.1"), false);
  });

  test("may be any spelling of this machine where the issuer is one", () => {
    for (const target of ["localhost", "127.0.0.1", "127.0.0.2", "[::1]"]) {
      for (const issuer of ["localhost", "127.0.0.1", "[::1]"])
        assert.equal(may(target, issuer), true, `${target} ${issuer}`);
    }
  });
});
