import type { RotationTiming } from "@countersign/signing-keys";

/** As short as whole seconds of caches and tokens allow: G is 8.5 s, H is 6 s. */
export const TIMING: RotationTiming = {
  publishSeconds: 0.5,
  sharedCacheSeconds: 1,
  clientCacheSeconds: 1,
  staleSeconds: 6,
  switchSeconds: 1,
  tokenLifetimeSeconds: 3,
  leewaySeconds: 1,
  clockErrorSeconds: 0.5,
};

export const G_MS = 8500;
/** From the removal of a key until nothing may verify by it: P + A + C, and what an answer takes. */
export const FORGOTTEN_MS = 4000;
/** Of an outage of the JWKS. With the pauses between attempts a verifier then fetches again well before S is over. */
export const OUTAGE_MS = 2000;
