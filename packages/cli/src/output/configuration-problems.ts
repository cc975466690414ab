import type { ConfigurationError, ConfigurationProblem } from "countersign";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-code.ts";

/** The flag behind a path of the options that `--issuer` and its companions make. */
const FLAGS: readonly (readonly [prefix: string, flag: string])[] = [
  ["issuers[0].issuer", "--issuer"],
  ["issuers[0].audiences", "--audience"],
  ["issuers[0].algorithms", "--algorithms"],
  ["issuers[0].profile", "--profile"],
  ["issuers[0].tenants", "--tenant"],
  ["issuers[0].keys", "--jwks"],
];

function nameFlag(path: string): string {
  return FLAGS.find(([prefix]) => path.startsWith(prefix))?.[1] ?? path;
}

/** "path: problem" and a hint below it, for each problem. `file` is undefined where the flags made the options. */
export function describeConfigurationError(
  error: ConfigurationError,
  file: string | undefined,
): CommandFailure {
  const count = error.problems.length;
  const name = (problem: ConfigurationProblem): string =>
    file === undefined ? nameFlag(problem.path) : problem.path;
  const what = file === undefined ? "the options" : file;
  return new CommandFailure(`${what} cannot be used: ${count} ${count === 1 ? "problem" : "problems"}`, {
    exitCode: EXIT.usage,
    hints: error.problems.flatMap((problem) => [
      `${name(problem)}: ${problem.problem}`,
      `  → ${problem.remedy}`,
    ]),
  });
}
