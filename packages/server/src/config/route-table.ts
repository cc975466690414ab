/** Which route decides a request. No expressions, no order surprises: the most specific match, and nothing by default. */

import type { RouteConfiguration } from "./configuration.ts";
import { readPath } from "./request-path.ts";
import type { FoundRoute } from "./route-index.ts";
import { createRouteIndex } from "./route-index.ts";

/** What a route is chosen by: host in lower case without port, path as `readPath` gives it. */
export interface RouteQuery {
  readonly host: string;
  readonly path: string;
  readonly method: string;
}

export type RouteMatch =
  | FoundRoute
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
  /** The pattern as paths are read, percent-decoded; of a prefix without its wildcard. */
  readonly reading: string;
  /** Equal for rows that match the same hosts and paths, however their patterns are spelled. */
  readonly place: string;
}

/**
 * Compiles routes. The host is compared first (exact, then the longest wildcard, then any), then the path
 * (exact, then the longest prefix). Methods choose among routes of the same host and path only: a method
 * that these leave out never falls through to a wider route. GET admits HEAD.
 */
export function createRouteTable(routes: readonly RouteConfiguration[]): RouteTable {
  const rows = markUnreachable(routes.flatMap(compileRoute).sort(compareRows));
  const index = createRouteIndex(rows);
  return {
    rows,
    find({ host, path, method }) {
      const place = index.find(host, path);
      if (place === undefined) return NO_ROUTE;
      for (const { methods, found } of place) if (admitsMethod(methods, method)) return found;
      return NO_METHOD;
    },
  };
}

const NO_ROUTE: RouteMatch = Object.freeze({ kind: "none", problem: "no_route" });
const NO_METHOD: RouteMatch = Object.freeze({ kind: "none", problem: "no_method" });

/** What is wrong with a route's `path`; undefined where nothing is. */
export function checkPathPattern(pattern: string): string | undefined {
  if (/\p{Surrogate}/u.test(pattern)) return "a lone surrogate is no text";
  const base = pattern.endsWith("/**") ? pattern.slice(0, -2) : pattern;
  if (base.includes("*")) return 'the only wildcard is "/**" at the end';
  const reading = readPath(encodeNonAscii(base));
  return reading.ok ? undefined : `expected a path without ambiguity, found ${reading.problem}`;
}

function compileRoute(route: RouteConfiguration, index: number): readonly CompiledRow[] {
  const isPrefix = route.path.endsWith("/**");
  const reading = readPattern(isPrefix ? route.path.slice(0, -2) : route.path);
  return (route.hosts ?? ["*"]).map((host) => ({
    index,
    host,
    path: route.path,
    methods: route.methods,
    route,
    unreachable: false,
    hostRank: rankHost(host),
    pathRank: isPrefix ? reading.length : Infinity,
    reading,
    place: `${host} ${reading}${isPrefix ? "**" : ""}`,
  }));
}

function rankHost(pattern: string): number {
  if (pattern === "*") return 0;
  return pattern.startsWith("*.") ? pattern.length - 1 : Infinity;
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
