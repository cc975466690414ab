/** What a linter finds, and the exceptions from it. */

import type { Configuration } from "./configuration.ts";

/** One setting that an operator should know to be in force. */
export interface ConfigurationFinding {
  /** Where, such as "routes[2]". */
  readonly path: string;
  /** "bypass": tokens that were not meant for you, or never end, pass. "opt_out": a check was switched off. "exposure": more can reach or read something. "route": a route that misleads. "permission": a row of the table that never matters. "exception": an exception for what is not there. */
  readonly kind: "bypass" | "opt_out" | "exposure" | "route" | "permission" | "exception";
  /** What is given up. */
  readonly reason: string;
  /** What to write instead. */
  readonly remedy: string;
}

/** A finding that the configuration accepts. */
export interface AcceptedFinding extends ConfigurationFinding {
  /** The written reason. */
  readonly because: string;
}

/** Takes out what `exceptions` accept, and adds those exceptions that accept nothing. */
export function applyExceptions(
  findings: readonly ConfigurationFinding[],
  { exceptions }: Pick<Configuration, "exceptions">,
): { readonly findings: readonly ConfigurationFinding[]; readonly accepted: readonly AcceptedFinding[] } {
  const reasons = new Map(exceptions.map(({ path, reason }) => [path, reason]));
  const accepted = findings.flatMap((finding) => {
    const because = reasons.get(finding.path);
    return because === undefined ? [] : [{ ...finding, because }];
  });
  const stale = exceptions.flatMap(({ path }, index): ConfigurationFinding[] =>
    findings.some((finding) => finding.path === path)
      ? []
      : [
          {
            path: `exceptions[${index}]`,
            kind: "exception",
            reason: `nothing is found at ${path}`,
            remedy: "Remove it: it would hide the next finding there.",
          },
        ],
  );
  return { findings: [...findings.filter(({ path }) => !reasons.has(path)), ...stale], accepted };
}
