import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import type { PathsConfiguration } from "../../src/config/configuration.ts";
import { readPath, STRICT_PATHS } from "../../src/config/request-path.ts";

function read(raw: string, paths: Partial<PathsConfiguration>): string {
  const reading = readPath(raw, { ...STRICT_PATHS, ...paths });
  return reading.ok ? reading.path : "refused";
}

describe("a path that is read as the upstream does", () => {
  const cases: readonly (readonly [string, Partial<PathsConfiguration>, string])[] = [
    ["/a%2Fb%2fc", { encodedSlash: "decode" }, "/a/b/c"],
    ["/a%2Fb%2fc", { encodedSlash: "keep" }, "/a%2Fb%2Fc"],
    ["/a/..%2fb", { encodedSlash: "keep" }, "/a/..%2Fb"],
    ["/a/..%2fb", { encodedSlash: "decode" }, "refused"],
    ["/a/..%2fb", { encodedSlash: "decode", dotSegments: "remove" }, "/b"],
    ["/a%2F%2Fb", { encodedSlash: "decode" }, "refused"],
    ["/a%252Fb", { encodedSlash: "keep" }, "refused"],
    ["/a\\b%5Cc", { backslash: "slash" }, "/a/b/c"],
    ["/a\\..\\b", { backslash: "slash", dotSegments: "remove" }, "/b"],
    ["/a\\b%5cc", { backslash: "keep" }, "/a\\b\\c"],
    ["/a/./b/../c/.", { dotSegments: "remove" }, "/a/c/"],
    ["/a/b/..", { dotSegments: "remove" }, "/a/"],
    ["/a/%2e%2E/b", { dotSegments: "remove" }, "/b"],
    ["/..", { dotSegments: "remove" }, "refused"],
    ["/a/../../b", { dotSegments: "remove" }, "refused"],
    ["//a///b//", { doubleSlash: "merge" }, "/a/b/"],
    ["//a//b//", { doubleSlash: "keep" }, "//a//b//"],
    ["//a/..//b", { doubleSlash: "merge", dotSegments: "remove" }, "/b"],
    ["/a;x=1/b;y/c;", { semicolon: "strip" }, "/a/b/c"],
    ["/a/..;x/b", { semicolon: "strip" }, "refused"],
    ["/a/..;x/b", { semicolon: "strip", dotSegments: "remove" }, "/b"],
    ["/a/;x/b", { semicolon: "strip" }, "refused"],
    ["/a;x=1/..;/b", { semicolon: "keep" }, "/a;x=1/..;/b"],
    ["/a%3Bx", { semicolon: "strip" }, "/a;x"],
  ];
  for (const [raw, paths, expected] of cases) {
    it(`is ${expected} for ${raw} with ${JSON.stringify(paths)}`, () =>
      assert.equal(read(raw, paths), expected));
  }

  it("is never NUL, a control character, a fragment or bytes that are no text", () => {
    const lenient: PathsConfiguration = {
      encodedSlash: "decode",
      backslash: "slash",
      dotSegments: "remove",
      doubleSlash: "merge",
      semicolon: "strip",
    };
    for (const raw of ["/a%00", "/a%0d", "/a#b", "/a?b", "/a b", "/a%ff", "/a\u0000", "/%zz", "a"]) {
      assert.equal(read(raw, lenient), "refused", raw);
    }
  });

  it("differs from the strict reading only where that refuses", () => {
    const choose = fc.record({
      encodedSlash: fc.constantFrom("reject", "decode", "keep"),
      backslash: fc.constantFrom("reject", "slash", "keep"),
      dotSegments: fc.constantFrom("reject", "remove"),
      doubleSlash: fc.constantFrom("reject", "merge", "keep"),
      semicolon: fc.constantFrom("reject", "strip", "keep"),
    });
    const piece = fc.constantFrom(
      "/",
      "a",
      "..",
      ".",
      "%2f",
      "%2F",
      "\\",
      "%5c",
      ";",
      "%2e",
      "%25",
      "//",
      "ü",
      "%C3%BC",
    );
    const path = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join("")}`);
    fc.assert(
      fc.property(path, choose, (raw, paths) => {
        const strict = readPath(raw);
        if (strict.ok) assert.deepEqual(readPath(raw, paths), strict);
      }),
    );
  });
});
