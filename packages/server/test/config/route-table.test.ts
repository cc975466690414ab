import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import type { RouteConfiguration } from "../../src/config/configuration.ts";
import { checkPathPattern, createRouteTable } from "../../src/config/route-table.ts";

function decide(routes: readonly Partial<RouteConfiguration>[], request: string): number | string {
  const [method = "", url = ""] = request.split(" ");
  const slash = url.indexOf("/");
  const table = createRouteTable(routes.map((route) => ({ path: "/**", allow: "authenticated", ...route })));
  const match = table.find({ method, host: url.slice(0, slash), path: url.slice(slash) });
  return match.kind === "found" ? match.index : match.problem;
}

describe("createRouteTable", () => {
  it("refuses what no route matches", () => {
    assert.equal(decide([{ path: "/a" }], "GET h/b"), "no_route");
    assert.equal(decide([], "GET h/"), "no_route");
  });

  it("prefers exact paths to prefixes and longer prefixes to shorter, whatever their order", () => {
    const routes = [{ path: "/**" }, { path: "/a/**" }, { path: "/a/b/**" }, { path: "/a/b" }];
    assert.equal(decide(routes, "GET h/a/b"), 3);
    assert.equal(decide(routes, "GET h/a/b/c"), 2);
    assert.equal(decide(routes, "GET h/a/c"), 1);
    assert.equal(decide(routes, "GET h/c"), 0);
  });

  it("takes the prefix itself with /prefix/**, but not another word that begins alike", () => {
    const routes = [{ path: "/admin/**" }];
    assert.equal(decide(routes, "GET h/admin"), 0);
    assert.equal(decide(routes, "GET h/admin/"), 0);
    assert.equal(decide(routes, "GET h/administration"), "no_route");
  });

  it("tells /a from /a/", () => {
    assert.equal(decide([{ path: "/a" }], "GET h/a/"), "no_route");
    assert.equal(decide([{ path: "/a/" }], "GET h/a"), "no_route");
  });

  it("compares hosts before paths: exact, then the longest wildcard, then any", () => {
    const routes = [
      { path: "/a/b" },
      { hosts: ["*.example.com"] },
      { hosts: ["*.eu.example.com"] },
      { hosts: ["api.eu.example.com"] },
    ];
    assert.equal(decide(routes, "GET api.eu.example.com/a/b"), 3);
    assert.equal(decide(routes, "GET x.eu.example.com/a/b"), 2);
    assert.equal(decide(routes, "GET x.example.com/a/b"), 1);
    assert.equal(decide(routes, "GET example.com/a/b"), 0);
    assert.equal(decide(routes, "GET evilexample.com/a/b"), 0);
  });

  it("never lets a method fall through to a wider route", () => {
    const routes = [
      { path: "/a/**", methods: ["GET"] },
      { path: "/**", allow: "anonymous" as const },
    ];
    assert.equal(decide(routes, "POST h/a/x"), "no_method");
    assert.equal(decide(routes, "HEAD h/a/x"), 0);
    assert.equal(decide(routes, "get h/a/x"), "no_method");
  });

  it("chooses by method among routes of the same place, the first one first", () => {
    const routes = [{ path: "/a", methods: ["GET"] }, { path: "/a", methods: ["POST"] }, { path: "/%61" }];
    assert.equal(decide(routes, "GET h/a"), 0);
    assert.equal(decide(routes, "POST h/a"), 1);
    assert.equal(decide(routes, "DELETE h/a"), 2);
  });

  it("compares patterns percent-decoded", () => {
    assert.equal(decide([{ path: "/größe/**" }], "GET h/größe/1"), 0);
    assert.equal(decide([{ path: "/gr%C3%B6%C3%9Fe/**" }], "GET h/größe/1"), 0);
  });

  it("marks a route that earlier ones of the same place leave nothing to", () => {
    const { rows } = createRouteTable([
      { path: "/a", allow: "anonymous" },
      { path: "/a", allow: "authenticated", methods: ["POST"] },
      { path: "/b", allow: "anonymous", methods: ["GET"] },
      { path: "/b", allow: "authenticated" },
    ]);
    assert.deepEqual(
      rows.map(({ index, unreachable }) => [index, unreachable]),
      [
        [0, false],
        [1, true],
        [2, false],
        [3, false],
      ],
    );
  });

  it("finds for any routes and path a route that matches and than which none is more specific", () => {
    const segments = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 3 });
    const pattern = fc.tuple(segments, fc.boolean()).map(([parts, isPrefix]) => {
      const base = parts.map((part) => `/${part}`).join("");
      return isPrefix ? `${base}/**` : base === "" ? "/" : base;
    });
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 8 }), segments, (patterns, parts) => {
        const path = `/${parts.join("/")}`;
        const matching = patterns.filter((text) => {
          const base = text.slice(0, -3);
          return text.endsWith("/**") ? path === base || path.startsWith(`${base}/`) : path === text;
        });
        const found = decide(
          patterns.map((text) => ({ path: text })),
          `GET h${path}`,
        );
        if (matching.length === 0) return found === "no_route";
        const exact = matching.filter((text) => !text.endsWith("/**"));
        const longest = (exact.length > 0 ? exact : matching).reduce((a, b) => (b.length > a.length ? b : a));
        return found === patterns.indexOf(longest);
      }),
    );
  });
});

describe("checkPathPattern", () => {
  it("admits exact paths and prefixes only", () => {
    for (const pattern of ["/", "/a", "/a/", "/a/**", "/**", "/a-b_c~d.e/%20", "/größe"]) {
      assert.equal(checkPathPattern(pattern), undefined, pattern);
    }
    for (const pattern of [
      "",
      "a",
      "**",
      "/*",
      "/a*",
      "/a/**/b",
      "/a**",
      "/a//b",
      "/a/../b",
      "/a;b",
      "/a?b",
      "/a#b",
      "/%2f",
      "/\ud800",
    ]) {
      assert.notEqual(checkPathPattern(pattern), undefined, pattern);
    }
  });
});
