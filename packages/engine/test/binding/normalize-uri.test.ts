import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isSameResource, normalizeUri } from "../../src/binding/normalize-uri.ts";

describe("normalizeUri", () => {
  // V-DP-05; RFC 3986 sections 6.2.2 and 6.2.3
  const cases: readonly (readonly [uri: string, normalized: string | undefined])[] = [
    ["https://api.test/orders", "https://api.test/orders"],
    ["HTTPS://API.Test/orders", "https://api.test/orders"],
    ["https://api.test", "https://api.test/"],
    ["https://api.test/", "https://api.test/"],
    ["https://api.test?a=b", "https://api.test/"],
    ["https://api.test/a?b#c", "https://api.test/a"],
    ["https://api.test/a#b?c", "https://api.test/a"],
    ["https://api.test/a?b=%zz&c=\\", "https://api.test/a"],
    ["https://api.test:443/a", "https://api.test/a"],
    ["https://api.test:0443/a", "https://api.test/a"],
    ["https://api.test:/a", "https://api.test/a"],
    ["http://api.test:80/a", "http://api.test/a"],
    ["http://api.test:443/a", "http://api.test:443/a"],
    ["https://api.test:80/a", "https://api.test:80/a"],
    ["https://api.test:65535/a", "https://api.test:65535/a"],
    ["https://127.0.0.1:8443/", "https://127.0.0.1:8443/"],
    ["https://[2001:DB8::1]:443/", "https://[2001:db8::1]/"],
    ["https://api.test/%7euser/%2D%2e%5F", "https://api.test/~user/-._"],
    ["https://api.test/a%2fb%c3%a9", "https://api.test/a%2Fb%C3%A9"],
    ["https://api.test/a/./b/../c", "https://api.test/a/c"],
    ["https://api.test/a/%2E%2e/b", "https://api.test/b"],
    ["https://api.test/../../a", "https://api.test/a"],
    ["https://api.test/a/..", "https://api.test/"],
    ["https://api.test/a/b/.", "https://api.test/a/b/"],
    ["https://api.test/a/b/..", "https://api.test/a/"],
    ["https://api.test/.well-known/x", "https://api.test/.well-known/x"],
    ["https://api.test/a/...", "https://api.test/a/..."],
    ["https://api.test//a", "https://api.test//a"],
    ["https://api.test/a;b=c/d|e", "https://api.test/a;b=c/d|e"],
    ["https://api.test/A", "https://api.test/A"],
    ["https://user@api.test/", undefined],
    ["https://user:password@api.test/", undefined],
    ["https://api.test:65536/", undefined],
    ["https://api.test:x/", undefined],
    ["https://api.te%73t/", undefined],
    ["https://api.test\\@other.test/", undefined],
    ["https://api.test/a b", undefined],
    ["https://api.test/a\tb", undefined],
    ["https://api.test/a\nb", undefined],
    ["https://api.test/%", undefined],
    ["https://api.test/%4", undefined],
    ["https://api.test/%zz", undefined],
    ["https:///a", undefined],
    ["https://:443/a", undefined],
    ["https://[::1/a", undefined],
    ["https://::1/a", undefined],
    ["//api.test/a", undefined],
    ["/a", undefined],
    ["ftp://api.test/", undefined],
    ["https:api.test/", undefined],
    [" https://api.test/", undefined],
    ["", undefined],
  ];
  for (const [uri, normalized] of cases) {
    test(`makes ${normalized ?? "nothing"} of ${JSON.stringify(uri)}`, () => {
      assert.equal(normalizeUri(uri), normalized);
    });
  }

  test("bounds the length without query and fragment", () => {
    const longest = `https://api.test/${"a".repeat(8192 - "https://api.test/".length)}`;
    assert.equal(normalizeUri(longest), longest);
    assert.equal(normalizeUri(`${longest}?${"b".repeat(10_000)}`), longest);
    assert.equal(normalizeUri(`${longest}a`), undefined);
  });

  test("does nothing more to what it made, and agrees with the URL of the platform about dots and ports", () => {
    const segment = fc.constantFrom("a", ".", "..", "%2e", "%2E%2e", "b%20c", "", "~", "%7e", "...");
    fc.assert(
      fc.property(
        fc.array(segment, { maxLength: 6 }),
        fc.constantFrom("", ":443", ":8443", ":80"),
        (segments, port) => {
          const uri = `https://api.test${port}/${segments.join("/")}`;
          const normalized = normalizeUri(uri);
          assert.ok(normalized !== undefined);
          assert.equal(normalizeUri(normalized), normalized);
          assert.equal(normalized, new URL(uri).href.replaceAll("%7e", "~"));
        },
      ),
    );
  });

  test("makes of any text a URI that is its own normal form, or nothing", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.string().map((text) => `https://a/${text}`),
        ),
        (text) => {
          const normalized = normalizeUri(text);
          if (normalized !== undefined) assert.equal(normalizeUri(normalized), normalized);
        },
      ),
    );
  });
});

describe("isSameResource", () => {
  test("compares normal forms, so what has none is the same as nothing, not even as itself", () => {
    assert.equal(isSameResource("https://a.test/b", "HTTPS://A.test:443/b?c"), true);
    assert.equal(isSameResource("https://a.test/b", "https://a.test/B"), false);
    assert.equal(isSameResource("https://a.test/b", "https://a.test/b/"), false);
    assert.equal(isSameResource("https://u@a.test/", "https://u@a.test/"), false);
    assert.equal(isSameResource("x", "x"), false);
  });
});
