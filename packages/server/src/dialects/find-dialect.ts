import type { Dialect } from "./dialect.ts";

/** A dialect, and the client's target where the gateway put it into ours. */
export interface AskedDialect {
  readonly dialect: Dialect;
  readonly target: string;
}

/** Finds whose endpoint a request's target names; undefined where it is nobody's. */
export type FindDialect = (url: string) => AskedDialect | undefined;

/** Compiles the search. A path that takes a target is followed by "/", as every target in origin form begins. */
export function createDialectFinder(dialects: readonly Dialect[]): FindDialect {
  const exact = new Map(
    dialects.filter(({ takesTarget }) => takesTarget !== true).map((dialect) => [dialect.path, dialect]),
  );
  const prefixed = dialects.filter(({ takesTarget }) => takesTarget === true);
  return (url) => {
    const taking = prefixed.find(({ path }) => url.startsWith(`${path}/`));
    if (taking !== undefined) return { dialect: taking, target: url.slice(taking.path.length) };
    // Some gateways append the client's query to ours, so nothing is ever read from it.
    const dialect = exact.get(url.split("?", 1)[0] ?? "");
    return dialect === undefined ? undefined : { dialect, target: "" };
  };
}
