/** Which route decides a request. No expressions, no order surprises: the most specific match, and nothing by default. */

import type { RouteConfiguration } from "./configuration.ts";
import { readPath } from "./request-path.ts";

/** What a route is chosen by: host in lower case without port, path as `readPath` gives it. */
export interface RouteQuery {
  readonly host: string;
  readonly path: string;
  readonly method: string;
}

export type RouteMatch =
  | { readonly kind: "found"; readonly route: RouteConfiguration; readonly index: number }
  /** No route has this host and path, or the ones that do have other methods. */
  | { readonly kind: "none"; readonly problem: "no_route" | "no_method" };

/** A route as the table holds it: one row for each of its hosts, most specific first. */
export interface RouteRow {
  /** Position of the route in the configuration, from 0. */
  readonly index: number;
  /** "*" for every host. */
  readonly host: string;
  readonly path: string;
  /** Undefined for every method. */
  readonly methods: readonly string[] | undefined;
  readonly route: RouteConfiguration;
  /** True where earlier rows of the same host and path take every request of this one. */
  readonly unreachable: boolean;
}

export interface RouteTable {
  readonly rows: readonly RouteRow[];
  find(query: RouteQuery): RouteMatch;
}

interface CompiledRow extends RouteRow {
  readonly hostRank: number;
  readonly pathRank: number;
  /** Equal for rows that match the same hosts and paths, however their patterns are spelled. */
  readonly place: string;
  matchesHost(host: string): boolean;
  matchesPath(path: string): boolean;
}

/**
 * Compiles routes. The host is compared first (exact, then the longest wildcard, then any), then the path
 * (exact, then the longest prefix). Methods choose among routes of the same host and path only: a method
 * that these leave out never falls through to a wider route. GET admits HEAD.
 */
export function createRouteTable(routes: readonly RouteConfiguration[]): RouteTable {
  const compiled = routes.flatMap(compileRoute).sort(compareRows);
  const rows = markUnreachable(compiled);
  return {
    rows,
    find({ host, path, method }) {
      const first = rows.findIndex((row) => row.matchesHost(host) && row.matchesPath(path));
      const best = rows[first];
      if (best === undefined) return { kind: "none", problem: "no_route" };
      for (let index = first; index < rows.length; index += 1) {
        const row = rows[index];
        if (row?.place !== best.place) break;
        if (admitsMethod(row.methods, method)) return { kind: "found", route: row.route, index: row.index };
      }
      return { kind: "none", problem: "no_method" };
    },
  };
}

/** What is wrong with a route's `path`; undefined where nothing is. */
export function checkPathPattern(pattern: string): string | undefined {
  if (/\p{Surrogate}/u.test(pattern)) return "a lone surrogate is no text";
  const base = pattern.endsWith("/**") ? pattern.slice(0, -2) : pattern;
  if (base.includes("*")) return 'the only wildcard is "/**" at the end';
  const reading = readPath(encodeNonAscii(base));
  return reading.ok ? undefined : `expected a path without ambiguity, found ${reading.problem}`;
}

function compileRoute(route: RouteConfiguration, index: number): readonly CompiledRow[] {
  const { reading, ...path } = compilePath(route.path);
  return (route.hosts ?? ["*"]).map((host) => ({
    index,
    host,
    path: route.path,
    methods: route.methods,
    route,
    unreachable: false,
    place: `${host} ${reading}`,
    ...compileHost(host),
    ...path,
  }));
}

function compileHost(pattern: string): Pick<CompiledRow, "hostRank" | "matchesHost"> {
  if (pattern === "*") return { hostRank: 0, matchesHost: () => true };
  if (!pattern.startsWith("*.")) return { hostRank: Infinity, matchesHost: (host) => host === pattern };
  const suffix = pattern.slice(1);
  return {
    hostRank: suffix.length,
    matchesHost: (host) => host.length > suffix.length && host.endsWith(suffix),
  };
}

function compilePath(pattern: string): Pick<CompiledRow, "pathRank" | "matchesPath"> & { reading: string } {
  if (!pattern.endsWith("/**")) {
    const exact = readPattern(pattern);
    return { reading: exact, pathRank: Infinity, matchesPath: (path) => path === exact };
  }
  const prefix = readPattern(pattern.slice(0, -2));
  // "/admin/**" takes "/admin" as well: upstreams often serve both alike, and a wider route must not.
  const bare = prefix.slice(0, -1);
  return {
    reading: `${prefix}**`,
    pathRank: prefix.length,
    matchesPath: (path) => path.startsWith(prefix) || path === bare,
  };
}

function readPattern(pattern: string): string {
  const reading = readPath(encodeNonAscii(pattern));
  if (!reading.ok) throw new TypeError(`route path: ${reading.problem}`);
  return reading.path;
}

function encodeNonAscii(pattern: string): string {
  return pattern.replace(/[\u0080-\uffff]+/g, encodeURIComponent);
}

function compareRows(a: CompiledRow, b: CompiledRow): number {
  return (
    compareRanks(a.hostRank, b.hostRank) ||
    compareTexts(a.host, b.host) ||
    compareRanks(a.pathRank, b.pathRank) ||
    compareTexts(a.place, b.place) ||
    a.index - b.index
  );
}

function compareRanks(a: number, b: number): number {
  return a === b ? 0 : b > a ? 1 : -1;
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function admitsMethod(methods: readonly string[] | undefined, method: string): boolean {
  if (methods === undefined || methods.includes(method)) return true;
  return method === "HEAD" && methods.includes("GET");
}

function markUnreachable(rows: readonly CompiledRow[]): readonly CompiledRow[] {
  const earlierByPlace = new Map<string, CompiledRow[]>();
  return rows.map((row) => {
    const earlier = earlierByPlace.get(row.place) ?? [];
    earlierByPlace.set(row.place, [...earlier, row]);
    const unreachable =
      earlier.some(({ methods }) => methods === undefined) ||
      (row.methods?.every((method) => earlier.some((other) => admitsMethod(other.methods, method))) ?? false);
    return unreachable ? { ...row, unreachable } : row;
  });
}
