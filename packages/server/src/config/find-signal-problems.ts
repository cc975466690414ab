import type { ConfigurationProblem } from "countersign";

import type { FileConfiguration } from "./file-configuration.ts";
import { nameIssuer } from "./issuer-alias.ts";

/** Signals that could end nothing, or of issuers that nobody knows. */
export function findSignalProblems({
  signals,
  revocation,
  issuers,
}: FileConfiguration): readonly ConfigurationProblem[] {
  if (signals === undefined) return [];
  const known = issuers.flatMap(({ issuer, name }) => {
    return name === undefined && !URL.canParse(issuer) ? [] : nameIssuer({ issuer, ...(name && { name }) });
  });
  const unknown = signals.logout.flatMap(({ issuer }, index): readonly ConfigurationProblem[] => {
    if (known.includes(issuer)) return [];
    const remedy = `Write one of ${known.join(", ")}.`;
    return [{ path: `signals.logout[${index}].issuer`, problem: "no name of an entry of `issuers`", remedy }];
  });
  const twice = signals.logout.flatMap(({ issuer }, index): readonly ConfigurationProblem[] => {
    if (signals.logout.findIndex((other) => other.issuer === issuer) === index) return [];
    const remedy = "Write all of an issuer's clients into one entry.";
    return [
      { path: `signals.logout[${index}].issuer`, problem: "a second entry of the same issuer", remedy },
    ];
  });
  return [
    ...(revocation === undefined
      ? [
          {
            path: "signals",
            problem: "nothing that could be revoked: there is no `revocation`",
            remedy: "Write `revocation` with a store, or remove `signals`.",
          },
        ]
      : []),
    ...unknown,
    ...twice,
  ];
}
