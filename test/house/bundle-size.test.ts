/** What was reached is held: whoever embeds the engine pays for each byte at every cold start. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { measureBundle } from "../../tools/measure-bundle.ts";

/** Most bytes, minified. Lower them with what is saved; raise them only for what is worth it: last for presets by name and encrypted tokens. */
const BUDGETS = { node: 110_900, web: 108_700 } as const;

for (const platform of ["node", "web"] as const) {
  test(`a bundle with createValidator alone stays within ${BUDGETS[platform]} bytes (${platform})`, async () => {
    const { bytes, floors } = await measureBundle(platform);
    assert.ok(bytes <= BUDGETS[platform], `${bytes} bytes: see node tools/measure-bundle.ts --floors`);
    // The measurement is of the engine: a bundle that misses a part of it would prove nothing.
    for (const floor of ["token", "keys", "signature", "claims", "validator", "platform"]) {
      assert.ok((floors.get(floor) ?? 0) > 0, floor);
    }
    for (const absent of ["http", "sharing", "testing"]) assert.equal(floors.get(absent) ?? 0, 0, absent);
  });
}
