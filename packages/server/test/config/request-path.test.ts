import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { MAX_PATH_CHARACTERS, readPath } from "../../src/config/request-path.ts";

describe("readPath", () => {
  it("reads equal paths alike, however they are encoded", () => {
    for (const [raw, path] of [
      ["/", "/"],
      ["/a/b", "/a/b"],
      ["/%61dmin", "/admin"],
      ["/a%20b", "/a b"],
      ["/gr%C3%B6%c3%9fe", "/größe"],
      ["/a%23b%3Fc%3Bd", "/a#b?c;d"],
      ["/100%25", "/100%"],
      ["/a/.b/..c/...", "/a/.b/..c/..."],
      ["/a/", "/a/"],
    ] as const) {
      assert.deepEqual(readPath(raw), { ok: true, path });
    }
  });

  it("refuses every path that servers read in different ways", () => {
    for (const raw of [
      "",
      "a",
      "*",
      "http://h/a",
      "//a",
      "/a//b",
      "/a/./b",
      "/a/..",
      "/../a",
      "/a/%2e%2e/b",
      "/a/%2E./b",
      "/a/.%2e",
      "/a%2fb",
      "/a%2Fb",
      "/a%5cb",
      "/a\\b",
      "/a;b",
      "/a/..;/b",
      "/a#b",
      "/a?b",
      "/a b",
      "/a\tb",
      "/a\0b",
      "/a%00b",
      "/a%0d%0ab",
      "/a%7fb",
      "/a%",
      "/a%2",
      "/a%zz",
      "/a%252fb",
      "/a%252e%252e/b",
      "/a%c0%afb",
      "/a%ffb",
      "/a%ed%a0%80",
      "/größe",
      "/a\u00adb",
      `/${"a".repeat(MAX_PATH_CHARACTERS)}`,
    ]) {
      const reading = readPath(raw);
      assert.equal(reading.ok, false, JSON.stringify(raw.slice(0, 40)));
      if (!reading.ok && raw.length > 3)
        assert.ok(!reading.problem.includes(raw), "the path is not repeated");
    }
  });

  it("reads a path of exactly the longest length", () => {
    assert.equal(readPath(`/${"a".repeat(MAX_PATH_CHARACTERS - 1)}`).ok, true);
  });

  it("reads what is plain at a glance as it reads what it has to look at closely", () => {
    const unit = fc.constantFrom(
      "a",
      "-",
      ".",
      "/",
      "//",
      "..",
      "@",
      "=",
      "%2e",
      "%2F",
      ";",
      "\\",
      "\u00e9",
      " ",
      "",
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (rest) => {
        assert.deepEqual(readPath(`/a${rest}`), readPath(`/%61${rest}`));
      }),
      { numRuns: 2000 },
    );
  });

  it("gives for any text either a path without dot and empty segments, or a problem", () => {
    const pieces = fc.constantFrom(
      "/",
      ".",
      "..",
      "a",
      "%2e",
      "%2F",
      "%5c",
      "%61",
      ";",
      "%25",
      "2e",
      "\\",
      "%",
      "#",
      "ä",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const reading = readPath(`/${parts.join("")}`);
        if (!reading.ok) return reading.problem !== "";
        const inner = reading.path.split("/").slice(1, -1);
        return (
          !reading.path.includes("\\") &&
          !inner.includes("") &&
          !reading.path.split("/").some((s) => s === "." || s === "..")
        );
      }),
    );
  });
});
