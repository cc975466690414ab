import type { EventIssuerOptions, IssuerOptions } from "countersign";

import type { TransmitterConfiguration } from "./signals-configuration.ts";

/** Longest time since an event was signed; older ones concern tokens that have expired by any sensible lifetime. */
const MAX_AGE_SECONDS = 31 * 86_400;

/** Whose events are believed, as the library has it. The schema has checked shapes; names are the library's to check. */
export function toTransmitterOptions(
  { name, transmitter, audiences, keys, algorithms }: TransmitterConfiguration,
  issuer: IssuerOptions,
): EventIssuerOptions {
  const own = keys === undefined ? issuer.algorithms : undefined;
  const chosen = (algorithms as IssuerOptions["algorithms"]) ?? own;
  const { clockToleranceSeconds } = issuer;
  return {
    issuer: transmitter ?? issuer.issuer,
    name,
    audiences,
    keys: keys ?? issuer.keys,
    maxAgeSeconds: MAX_AGE_SECONDS,
    ...(chosen !== undefined && { algorithms: chosen }),
    ...(clockToleranceSeconds !== undefined && { clockToleranceSeconds }),
  };
}
