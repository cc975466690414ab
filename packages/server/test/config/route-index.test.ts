import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import type { RouteConfiguration } from "../../src/config/configuration.ts";
import { createRouteTable } from "../../src/config/route-table.ts";

interface Query {
  readonly host: string;
  readonly path: string;
  readonly method: string;
}

/** What the documentation says, one route after the other: the most specific host, then path, then method. */
function findByScanning(
  routes: readonly RouteConfiguration[],
  { host, path, method }: Query,
): number | string {
  const rows = routes.flatMap((route, index) =>
    (route.hosts ?? ["*"]).map((pattern) => ({ index, pattern, route })),
  );
  const rankHost = (pattern: string): number => {
    if (pattern === "*") return 0;
    if (!pattern.startsWith("*.")) return pattern === host ? Infinity : -1;
    const suffix = pattern.slice(1);
    return host.endsWith(suffix) && host !== suffix ? suffix.length : -1;
  };
  const rankPath = (pattern: string): number => {
    const decoded = decodeURIComponent(pattern);
    if (!decoded.endsWith("/**")) return decoded === path ? Infinity : -1;
    const prefix = decoded.slice(0, -2);
    return path.startsWith(prefix) || path === prefix.slice(0, -1) ? prefix.length : -1;
  };
  const matching = rows
    .map((row) => ({ ...row, host: rankHost(row.pattern), path: rankPath(row.route.path) }))
    .filter((row) => row.host >= 0 && row.path >= 0);
  if (matching.length === 0) return "no_route";
  const bestHost = Math.max(...matching.map((row) => row.host));
  const bestPath = Math.max(...matching.filter((row) => row.host === bestHost).map((row) => row.path));
  const admitting = matching
    .filter((row) => row.host === bestHost && row.path === bestPath)
    .filter(({ route: { methods } }) => {
      return (
        methods === undefined || methods.includes(method) || (method === "HEAD" && methods.includes("GET"))
      );
    });
  return admitting.length === 0 ? "no_method" : Math.min(...admitting.map(({ index }) => index));
}

function find(routes: readonly RouteConfiguration[], query: Query): number | string {
  const match = createRouteTable(routes).find(query);
  return match.kind === "found" ? match.index : match.problem;
}

const segments = fc.array(fc.constantFrom("a", "b", "ab", "%61", "c.d"), { maxLength: 4 });
const pathPattern = fc.tuple(segments, fc.constantFrom("", "/", "/**")).map(([parts, end]) => {
  const base = parts.map((part) => `/${part}`).join("");
  return base === "" && end === "" ? "/" : `${base}${end}`;
});
const host = fc.constantFrom("h", "a.h", "b.a.h", "x.a.h", "ah", "a.b.h", "h.a", "c.b.a.h");
const hostPattern = fc.oneof(host, fc.constantFrom("*", "*.h", "*.a.h", "*.b.a.h", "*.a"));
const method = fc.constantFrom("GET", "HEAD", "POST");
const route = fc
  .record({
    path: pathPattern,
    hosts: fc.option(fc.array(hostPattern, { minLength: 1, maxLength: 3 }), { nil: undefined }),
    methods: fc.option(fc.uniqueArray(method, { minLength: 1, maxLength: 2 }), { nil: undefined }),
  })
  .map(({ path, hosts, methods }): RouteConfiguration => {
    return { path, allow: "authenticated", ...(hosts && { hosts }), ...(methods && { methods }) };
  });
const path = fc
  .tuple(fc.array(fc.constantFrom("a", "b", "ab", "c.d", "x"), { maxLength: 5 }), fc.constantFrom("", "/"))
  .map(([parts, end]) => `${parts.map((part) => `/${part}`).join("")}${end}` || "/");

describe("the index of routes", () => {
  it("finds for any routes, host, path and method what looking at every route finds", () => {
    fc.assert(
      fc.property(fc.array(route, { maxLength: 12 }), host, path, method, (routes, host, path, method) => {
        const query = { host, path, method };
        assert.equal(find(routes, query), findByScanning(routes, query));
      }),
      { numRuns: 3000 },
    );
  });

  it("holds 10,000 routes and finds the right one of each", () => {
    const routes = Array.from({ length: 10_000 }, (_, index): RouteConfiguration => {
      return {
        path: `/service-${index % 100}/v${index}/**`,
        hosts: [`h${index % 10}.test`],
        allow: "anonymous",
      };
    });
    const table = createRouteTable(routes);
    for (let index = 0; index < routes.length; index += 997) {
      const path = `/service-${index % 100}/v${index}/x/y`;
      const match = table.find({ host: `h${index % 10}.test`, path, method: "GET" });
      assert.ok(match.kind === "found" && match.index === index);
      assert.equal(table.find({ host: "other.test", path, method: "GET" }).kind, "none");
    }
  });

  it("walks the longest path once, however many slashes it has", () => {
    const table = createRouteTable([
      { path: "/**", allow: "anonymous" },
      { path: `${"/a".repeat(4000)}/**`, allow: "authenticated" },
    ]);
    const match = table.find({ host: "h", path: "/a".repeat(4096), method: "GET" });
    assert.ok(match.kind === "found" && match.index === 1);
  });
});
