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
  const prefixed = dialects
    .filter(({ takesTarget }) => takesTarget === true)
    .map((dialect) => ({ dialect, start: `${dialect.path}/` }));
  const asked = new Map(
    dialects
      .filter(({ takesTarget }) => takesTarget !== true)
      .map((dialect) => [dialect.path, { dialect, target: "" }]),
  );
  return (url) => {
    const found = asked.get(url);
    if (found !== undefined) return found;
    for (const { dialect, start } of prefixed) {
      if (url.startsWith(start)) return { dialect, target: url.slice(dialect.path.length) };
    }
    // Some gateways append the client's query to ours, so nothing is ever read from it.
    const query = url.indexOf("?");
    return query < 0 ? undefined : asked.get(url.slice(0, query));
  };
}
