/** Finds the most specific place of a host and path in time that does not grow with the number of routes. */

import type { RouteConfiguration } from "./configuration.ts";

export interface FoundRoute {
  readonly kind: "found";
  readonly route: RouteConfiguration;
  /** Position of the route in the configuration, from 0. */
  readonly index: number;
}

/** A row as it is looked up. */
export interface IndexedRow {
  /** Undefined for every method. */
  readonly methods: readonly string[] | undefined;
  readonly found: FoundRoute;
}

/** The rows of one place, in the order in which methods choose among them. */
export type Place = readonly IndexedRow[];

export interface RouteIndex {
  /** The rows of the most specific place; undefined where no row has this host and path. */
  find(host: string, path: string): Place | undefined;
}

/** A route under one of its hosts. */
export interface ReadRow {
  readonly index: number;
  /** "*" for every host. */
  readonly host: string;
  readonly path: string;
  /** `path` percent-decoded; of a prefix without its wildcard. */
  readonly reading: string;
  readonly methods: readonly string[] | undefined;
  readonly route: RouteConfiguration;
}

/** Prefixes by their segments. */
interface PrefixNode {
  readonly children: Map<string, PrefixNode>;
  readonly place: IndexedRow[];
}

/** The paths of one host pattern. */
interface PathIndex {
  readonly exact: Map<string, IndexedRow[]>;
  readonly prefixes: PrefixNode;
}

/**
 * Compiles rows, which come most specific first. A look-up costs one probe for each label of the host and one walk
 * over the segments of the path, both linear in their length.
 */
export function createRouteIndex(rows: readonly ReadRow[]): RouteIndex {
  const exactHosts = new Map<string, PathIndex>();
  // By what follows the "*", with its dot.
  const suffixes = new Map<string, PathIndex>();
  const anyHost = createPathIndex();
  for (const row of rows) addRow(choosePaths(row.host, { exactHosts, suffixes, anyHost }), row);
  return {
    find(host, path) {
      const exact = exactHosts.get(host);
      const place = exact && findPlace(exact, path);
      if (place !== undefined) return place;
      if (suffixes.size > 0) {
        // From the left, so that the longest comes first; a wildcard stands for at least one character.
        for (let dot = host.indexOf(".", 1); dot > 0; dot = host.indexOf(".", dot + 1)) {
          const paths = suffixes.get(host.slice(dot));
          const wide = paths && findPlace(paths, path);
          if (wide !== undefined) return wide;
        }
      }
      return findPlace(anyHost, path);
    },
  };
}

interface HostIndex {
  readonly exactHosts: Map<string, PathIndex>;
  readonly suffixes: Map<string, PathIndex>;
  readonly anyHost: PathIndex;
}

function choosePaths(pattern: string, { exactHosts, suffixes, anyHost }: HostIndex): PathIndex {
  if (pattern === "*") return anyHost;
  return pattern.startsWith("*.")
    ? getOrCreate(suffixes, pattern.slice(1), createPathIndex)
    : getOrCreate(exactHosts, pattern, createPathIndex);
}

function addRow({ exact, prefixes }: PathIndex, { path, reading, methods, route, index }: ReadRow): void {
  const row: IndexedRow = { methods, found: Object.freeze({ kind: "found", route, index }) };
  if (!path.endsWith("/**")) {
    getOrCreate(exact, reading, () => []).push(row);
    return;
  }
  // "/admin/**" stands at "admin", so that it takes "/admin" as well: upstreams often serve both alike.
  let node = prefixes;
  for (const segment of reading.split("/").slice(1, -1)) {
    node = getOrCreate(node.children, segment, createNode);
  }
  node.place.push(row);
}

function findPlace({ exact, prefixes }: PathIndex, path: string): Place | undefined {
  const place = exact.get(path);
  if (place !== undefined) return place;
  let node: PrefixNode | undefined = prefixes;
  let best: Place | undefined;
  for (let start = 1; node !== undefined; ) {
    if (node.place.length > 0) best = node.place;
    if (node.children.size === 0 || start > path.length) return best;
    const slash = path.indexOf("/", start);
    const end = slash < 0 ? path.length : slash;
    node = node.children.get(path.slice(start, end));
    start = end + 1;
  }
  return best;
}

function createPathIndex(): PathIndex {
  return { exact: new Map(), prefixes: createNode() };
}

function createNode(): PrefixNode {
  return { children: new Map(), place: [] };
}

function getOrCreate<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const created = create();
  map.set(key, created);
  return created;
}
