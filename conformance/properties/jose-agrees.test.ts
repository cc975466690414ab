import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReasonName } from "countersign";
import fc from "fast-check";
import { createLocalJWKSet, jwtVerify } from "jose";
import { fuzzRuns } from "../kit/fuzz-runs.ts";
import { FUZZ_ALGORITHMS, fuzzedToken, fuzzKeys } from "../kit/fuzzed-token.ts";
import { AUDIENCE, createScene, ISSUER, NOW_SECONDS } from "../kit/scene.ts";

/** What we look at and jose does not, or not by default; each has its cases in the page of what is stricter than peers. */
const STRICTER: ReadonlySet<ReasonName> = new Set([
  "malformed_token",
  "type_mismatch",
  "critical_header_unsupported",
  "claim_invalid",
  "claim_missing",
  "issued_in_future",
  "lifetime_exceeded",
  "key_unsuitable",
]);

test("N2 whatever jose refuses under the same configuration, we refuse", async () => {
  const keys = fuzzKeys();
  // EdDSA stays off the list: allowed, it is a second name of Ed25519 here, and in jose only where the JWK's alg is EdDSA too.
  const validator = createScene({ keys, algorithms: FUZZ_ALGORITHMS });
  const jwks = createLocalJWKSet({
    keys: keys.map(({ publicJwk }) => ({ ...publicJwk, kty: publicJwk["kty"] ?? "" })),
  });
  const joseAccepts = (token: string): Promise<boolean> =>
    jwtVerify(token, jwks, {
      issuer: ISSUER,
      audience: AUDIENCE,
      algorithms: [...FUZZ_ALGORITHMS],
      clockTolerance: 30,
      currentDate: new Date(NOW_SECONDS * 1000),
    }).then(
      () => true,
      () => false,
    );
  const runs = fuzzRuns(20_000);
  const counts = { both: 0, neither: 0, onlyJose: 0 };
  let tried = 0;
  await fc.assert(
    fc.asyncProperty(fuzzedToken, async (token) => {
      const verdict = validator.validateSync(token);
      // What we refuse, jose may judge as it likes: a part of it is asked, to learn where we are stricter.
      if (!verdict.ok && tried++ % 5 !== 0) return;
      const accepted = await joseAccepts(token);
      if (verdict.ok) assert.ok(accepted, "we accept what jose refuses");
      else if (accepted)
        assert.ok(STRICTER.has(verdict.reason), `jose accepts, we refuse with ${verdict.reason}`);
      counts[verdict.ok ? "both" : accepted ? "onlyJose" : "neither"]++;
    }),
    { numRuns: runs },
  );
  // A generator that makes only good or only bad tokens would show nothing.
  for (const count of Object.values(counts)) assert.ok(count > runs / 100, JSON.stringify(counts));
});
