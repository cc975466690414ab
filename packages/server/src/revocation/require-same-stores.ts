import type { ConfigurationProblem } from "countersign";
import { ConfigurationError } from "countersign";

import type { Configuration } from "../config/configuration.ts";

/**
 * Stores outlive configurations: what is known of revocations must not be forgotten by a reload.
 * @throws ConfigurationError where the next configuration has others.
 */
export function requireSameStores(next: Configuration, inForce: Configuration): void {
  const problems = (["revocation", "replay", "api", "signals", "audit"] as const).flatMap(
    (path): readonly ConfigurationProblem[] =>
      JSON.stringify(next[path]) === JSON.stringify(inForce[path])
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
