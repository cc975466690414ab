/** The keys of assertions, as every process of a sidecar uses them: older than any configuration. */

import { ConfigurationError } from "countersign";

import {
  type AssertionKeysHost,
  type OpenedAssertionKeys,
  openAssertionKeys,
} from "./assertion/open-assertion-keys.ts";
import type { Configuration } from "./config/configuration.ts";

/** Undefined where the configuration has none. @throws ConfigurationError where the keys cannot be had. */
export async function openAssertions(
  { identityHeaders: { assertion } }: Pick<Configuration, "identityHeaders">,
  host: AssertionKeysHost,
): Promise<OpenedAssertionKeys | undefined> {
  if (assertion === undefined) return undefined;
  try {
    return await openAssertionKeys(assertion, host);
  } catch (error) {
    const problem = error instanceof Error ? error.message : "they cannot be used";
    const path = "identityHeaders.assertion.keys";
    const remedy = "Check store and back end, and that they are of this issuer.";
    throw new ConfigurationError([{ path, problem, remedy }]);
  }
}
