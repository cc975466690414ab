import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReasonName } from "countersign";
import fc from "fast-check";
import { fuzzRuns } from "../kit/fuzz-runs.ts";
import { createScene, issueToken, NOW_SECONDS } from "../kit/scene.ts";
import { sharedKey } from "../kit/signing-key.ts";

const key = sharedKey("HS256");
const MINUTE_MS = 60_000;

const life = fc.record({
  /** Whole and broken seconds around the scene's now. */
  nbf: fc.option(fc.integer({ min: -200_000, max: 200_000 }), { nil: undefined }),
  iat: fc.option(fc.integer({ min: -200_000, max: 200_000 }), { nil: undefined }),
  exp: fc.integer({ min: 200_000, max: 600_000 }),
  toleranceSeconds: fc.integer({ min: 0, max: 300 }),
});

test("N4 over time a token is refused, then accepted, then refused, with exact boundaries", () => {
  let nowMs = 0;
  fc.assert(
    fc.property(
      life,
      fc.integer({ min: -20 * MINUTE_MS, max: 20 * MINUTE_MS }),
      ({ toleranceSeconds, ...offsets }, random) => {
        // Offsets are milliseconds: NumericDate may have a fraction.
        const at = (offset: number | undefined): number | undefined =>
          offset === undefined ? undefined : (NOW_SECONDS * 1000 + offset) / 1000;
        const claims = { nbf: at(offsets.nbf), iat: at(offsets.iat), exp: at(offsets.exp) };
        const validator = createScene({
          keys: [key],
          nowSeconds: () => nowMs / 1000,
          issuer: { clockToleranceSeconds: toleranceSeconds },
        });
        const token = issueToken({ key, claims });
        const toleranceMs = toleranceSeconds * 1000;
        const starts = [offsets.nbf, offsets.iat].filter((offset) => offset !== undefined);
        const firstMs =
          starts.length === 0 ? undefined : NOW_SECONDS * 1000 + Math.max(...starts) - toleranceMs;
        const endMs = NOW_SECONDS * 1000 + offsets.exp + toleranceMs;
        const reasonAt = (timeMs: number): ReasonName | "ok" => {
          nowMs = timeMs;
          const verdict = validator.validateSync(token);
          return verdict.ok ? "ok" : verdict.reason;
        };
        const moments = [-1, 0, 1, random].flatMap((offset) => [(firstMs ?? endMs) + offset, endMs + offset]);
        for (const moment of moments) {
          const begun = firstMs === undefined || moment >= firstMs;
          const found = reasonAt(moment);
          if (moment >= endMs) assert.equal(found, "token_expired");
          else if (begun) assert.equal(found, "ok");
          else assert.ok(found === "token_not_yet_valid" || found === "issued_in_future", found);
        }
      },
    ),
    { numRuns: fuzzRuns(1000) },
  );
});
