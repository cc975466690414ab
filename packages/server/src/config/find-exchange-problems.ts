import type { ConfigurationProblem, IssuerOptions } from "countersign";

import type { ExchangeConfiguration } from "./exchange-configuration.ts";
import type { FileConfiguration } from "./file-configuration.ts";
import { nameIssuer } from "./issuer-alias.ts";

/** Exchanges that nobody can ask for, that have nothing to exchange, or that do not say whose tokens they may see. */
export function findExchangeProblems(file: FileConfiguration): readonly ConfigurationProblem[] {
  const names = Object.keys(file.exchanges);
  const uses = [
    ...file.routes.map(({ exchange }, index) => [`routes[${index}].exchange`, exchange] as const),
    ...Object.entries(file.upstreams).map(
      ([name, own]) =>
        [`upstreams.${name}.exchange`, typeof own === "object" ? own.exchange : undefined] as const,
    ),
  ];
  return [
    ...uses.flatMap(([path, name]): readonly ConfigurationProblem[] => {
      if (name === undefined || names.includes(name)) return [];
      const known = names.length === 0 ? "there are none" : names.join(", ");
      return [
        { path, problem: `no name of \`exchanges\` (${known})`, remedy: "Write it under `exchanges`." },
      ];
    }),
    ...findAnonymousExchanges(file),
    ...Object.entries(file.exchanges).flatMap(([name, exchange]) =>
      findIssuerProblems(`exchanges.${name}.issuers`, exchange, file),
    ),
  ];
}

function findAnonymousExchanges({ routes }: FileConfiguration): readonly ConfigurationProblem[] {
  return routes.flatMap(({ allow, exchange }, index) =>
    allow !== "anonymous" || exchange === undefined
      ? []
      : [
          {
            path: `routes[${index}].exchange`,
            problem: "exchange on a route that asks for no token",
            remedy: "Write `allow: authenticated`, or remove `exchange`.",
          },
        ],
  );
}

function findIssuerProblems(
  path: string,
  { issuers: named }: ExchangeConfiguration,
  { issuers }: FileConfiguration,
): readonly ConfigurationProblem[] {
  const known = issuers.flatMap(({ name, issuer }) =>
    nameUsable({ issuer, ...(name !== undefined && { name }) }),
  );
  if (named === undefined) {
    if (issuers.length === 1) return [];
    const problem = "several issuers, and nothing that says whose tokens may be shown to this endpoint";
    return [{ path, problem, remedy: `Write those of ${known.join(", ")} that it is made for.` }];
  }
  return named.flatMap((alias, index) =>
    known.includes(alias)
      ? []
      : [
          {
            path: `${path}[${index}]`,
            problem: "no name of an entry of `issuers`",
            remedy: `Write one of ${known.join(", ")}.`,
          },
        ],
  );
}

/** One whose issuer is no URL and has no name has another problem, which is told elsewhere. */
function nameUsable(issuer: Pick<IssuerOptions, "name" | "issuer">): readonly string[] {
  return issuer.name === undefined && !URL.canParse(issuer.issuer) ? [] : [nameIssuer(issuer)];
}
