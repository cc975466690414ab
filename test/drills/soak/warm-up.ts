/** Fills what the sidecar remembers up to its bounds: until they are reached, memory grows as it may. */

import type { SoakToken, Tokens } from "./tokens.ts";
import type { Traffic } from "./traffic.ts";

/** More than the memory of signatures takes, which is 10,000. */
const GOOD_TOKENS = 11_000;
/** More than the memory of keys that nobody publishes takes, 1,000, and that of bad signatures, 256. */
const BAD_TOKENS = 1200;
/** Signed and shown together, so that none ends before it was shown. */
const TOGETHER = 500;

export async function fillMemories({
  tokens,
  traffic,
}: {
  readonly tokens: Tokens;
  readonly traffic: Traffic;
}): Promise<void> {
  for (let filled = 0; filled < GOOD_TOKENS; filled += TOGETHER)
    await traffic.askEverywhere(await Promise.all(Array.from({ length: TOGETHER }, () => tokens.sign())));
  await tokens.refill(TOGETHER);
  for (const className of ["tampered", "random kid"] as const) {
    const bad = Array.from({ length: BAD_TOKENS }, () => tokens.spoil(className));
    await traffic.askEverywhere(bad.filter((token): token is SoakToken => token !== undefined));
  }
}
