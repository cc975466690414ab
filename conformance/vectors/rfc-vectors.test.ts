/** The examples of the RFCs: what the public API says of each, and what the signature step says of each signature. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { ConfigurationError } from "countersign";
import { canonicalizeJwk } from "../../packages/engine/src/keys/canonicalize-jwk.ts";
import { loadVectors, MISSING_VECTORS } from "../kit/load-vectors.ts";
import { type Jwk, runSignatureStep } from "../kit/signature-step.ts";
import { createVectorValidator } from "../kit/vector-validator.ts";
import { expectationOf } from "./rfc-expectations.ts";

interface RfcVector {
  readonly source: string;
  readonly name: string;
  readonly kind: "jws" | "jws-json" | "jwe" | "jwe-json" | "dpop" | "jwk-thumbprint";
  readonly token?: string;
  /** A JWK, a JWK Set, or null where nothing is signed. */
  readonly key: (Jwk & { readonly keys?: readonly Jwk[] }) | null;
  readonly detachedPayload?: string;
  readonly thumbprint?: string;
  readonly jkt?: string;
}

/** An hour before the examples' claims expire (2011-03-22T18:43:00Z). */
const BEFORE_EXPIRY_SECONDS = 1_300_819_380 - 3600;
const PUBLIC_KEY = {
  kty: "EC",
  crv: "P-256",
  x: "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
  y: "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
};

function keysOf({ key }: RfcVector): readonly Jwk[] {
  if (key === null) return [];
  return key.keys ?? [key];
}

/** What `validate` answers where the vector's own keys are configured, or any key where they cannot be. */
async function validate(vector: RfcVector, nowSeconds: number): Promise<string> {
  const issuer = vector.token?.includes("eyJpc3MiOiJob2JiaXRvbi5leGFtcGxlIi") ? "hobbiton.example" : "joe";
  const create = (keys: readonly Jwk[]): ReturnType<typeof createVectorValidator> =>
    createVectorValidator({ issuer, keys, nowSeconds });
  let validator: ReturnType<typeof create>;
  try {
    validator = create(keysOf(vector));
  } catch (error) {
    // Keys for decryption, or of both kinds: no issuer can have them.
    if (!(error instanceof ConfigurationError)) throw error;
    validator = create([PUBLIC_KEY]);
  }
  const verdict = await validator.validate(vector.token ?? "");
  return verdict.ok ? "ok" : verdict.reason;
}

test("RFC examples: each of the 93 is judged as stated", { skip: MISSING_VECTORS }, async (context) => {
  const vectors = loadVectors<readonly RfcVector[]>("rfc-vectors.json");
  assert.equal(vectors.length, 93);
  const counts: Record<string, number> = {};
  const count = (name: string): void => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  for (const vector of vectors) {
    await context.test(`${vector.source} ${vector.name}`, async () => {
      if (vector.kind === "jwk-thumbprint") {
        assert.equal(thumbprintOf(vector.key), vector.thumbprint);
        count("thumbprint");
        return;
      }
      const expected = expectationOf(vector);
      assert.equal(await validate(vector, BEFORE_EXPIRY_SECONDS), expected.verdict);
      count(expected.verdict);
      if (expected.verdict === "ok") {
        assert.equal(await validate(vector, BEFORE_EXPIRY_SECONDS + 3600 + 30), "token_expired");
      }
      if (expected.signature === undefined) return;
      assert.equal(await stepOf(vector), expected.signature);
      count(`signature ${expected.signature}`);
      if (vector.jkt !== undefined) assert.equal(thumbprintOf(vector.key), vector.jkt);
    });
  }
  assert.deepEqual(counts, {
    ok: 4,
    algorithm_not_allowed: 1,
    malformed_token: 62,
    encryption_unsupported: 16,
    critical_header_unsupported: 3,
    claim_missing: 3,
    thumbprint: 4,
    "signature verified": 15,
    "signature algorithm_not_allowed": 1,
    "signature critical_header_unsupported": 3,
    "signature malformed_token": 2,
  });
});

function stepOf(vector: RfcVector): Promise<string> {
  const { token = "", detachedPayload } = vector;
  const detachedSegment =
    detachedPayload === undefined ? undefined : Buffer.from(detachedPayload).toString("base64url");
  const step = { token, keys: keysOf(vector) };
  return runSignatureStep(detachedSegment === undefined ? step : { ...step, detachedSegment });
}

function thumbprintOf(key: Jwk | null): string {
  return createHash("sha256")
    .update(canonicalizeJwk(key as Parameters<typeof canonicalizeJwk>[0]))
    .digest("base64url");
}
