import type { ConfigurationProblem } from "countersign";
import { ConfigurationError } from "countersign";

import type { Configuration } from "../config/configuration.ts";

/** By where it stands in the file. */
const KEPT: Readonly<Record<string, (configuration: Configuration) => unknown>> = {
  revocation: ({ revocation }) => revocation,
  replay: ({ replay }) => replay,
  api: ({ api }) => api,
  signals: ({ signals }) => signals,
  audit: ({ audit }) => audit,
  publishedStatusLists: ({ publishedStatusLists }) => publishedStatusLists,
  "identityHeaders.assertion.keys": ({ identityHeaders: { assertion } }) =>
    assertion && [assertion.issuer, assertion.keys],
};

/**
 * Stores outlive configurations: what is known of revocations, and the keys of assertions, must not be lost by a reload.
 * @throws ConfigurationError where the next configuration has others.
 */
export function requireSameStores(next: Configuration, inForce: Configuration): void {
  const problems = Object.entries(KEPT).flatMap(([path, read]): readonly ConfigurationProblem[] =>
    JSON.stringify(read(next)) === JSON.stringify(read(inForce))
      ? []
      : [
          {
            path,
            problem: "other settings than those that it was started with",
            remedy: "Start the sidecar again, or leave them as they were.",
          },
        ],
  );
  const [first, ...others] = problems;
  if (first !== undefined) throw new ConfigurationError([first, ...others]);
}
