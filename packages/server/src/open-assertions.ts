/** The keys of assertions, as every process of a sidecar uses them: older than any configuration. */

import type { AssertionHost, AssertionKeys } from "./assertion/assertion-keys.ts";
import { createMemoryKeys } from "./assertion/memory-keys.ts";
import { createAssertionSigner } from "./assertion/sign-assertion.ts";
import type { Configuration } from "./config/configuration.ts";

export interface OpenedAssertions extends AssertionHost {
  close(): Promise<void>;
}

/** Undefined where the configuration has none. @throws ConfigurationError where the keys cannot be had. */
export async function openAssertions({
  identityHeaders: { assertion },
}: Pick<Configuration, "identityHeaders">): Promise<OpenedAssertions | undefined> {
  if (assertion === undefined) return undefined;
  const keys: AssertionKeys = await createMemoryKeys(assertion.keys.algorithm);
  return {
    sign: createAssertionSigner(() => keys.current()),
    readKeySet: () => keys.publish(),
    close: () => keys.close(),
  };
}
