import { createHash } from "node:crypto";
import { createPublicJwk } from "../create-public-jwk.ts";
import { isPublished, type KeyLedger, MAX_PUBLISHED_KEYS } from "../lifecycle/key-ledger.ts";

export interface PublishedJwks {
  /** The document, as it is sent. */
  readonly body: string;
  /** Strong (RFC 9110 section 8.8.3), of the body. */
  readonly etag: string;
  readonly maxAgeSeconds: number;
  readonly keyIds: readonly string[];
  /** Of the ledger that it shows. */
  readonly version: number;
}

/** Thrown in the place of a JWKS that must not be shown to anybody. */
export class UnpublishableError extends Error {
  override readonly name = "UnpublishableError";
}

/** While verifiers have to learn of something quickly. */
const EMERGENCY_MAX_AGE_SECONDS = 60;

/**
 * What the world may see of a ledger: next, active and retiring keys, the one that signs first. Only known public
 * members are written, whatever the store holds.
 *
 * @throws UnpublishableError where that would be no key, none that signs, too many, or two of one kid.
 */
export function createJwks(ledger: KeyLedger, nowMs: number): PublishedJwks {
  const order = ["active", "next", "retiring"];
  const keys = ledger.keys
    .filter(isPublished)
    .toSorted((left, right) => order.indexOf(left.state) - order.indexOf(right.state))
    .map(({ algorithm, publicJwk }) => createPublicJwk(algorithm, publicJwk));
  const keyIds = keys.map(({ kid }) => kid);
  if (keys.length === 0) throw new UnpublishableError("a JWKS without keys would refuse every token");
  if (!ledger.keys.some(({ state }) => state === "active")) {
    throw new UnpublishableError("a JWKS without the key that signs would refuse every new token");
  }
  if (keys.length > MAX_PUBLISHED_KEYS) {
    throw new UnpublishableError(`a JWKS may hold at most ${MAX_PUBLISHED_KEYS} keys`);
  }
  if (new Set(keyIds).size !== keyIds.length) throw new UnpublishableError("two keys have one kid");
  const body = `${JSON.stringify({ keys })}\n`;
  const isEmergency = ledger.emergencyUntilMs !== undefined && nowMs < ledger.emergencyUntilMs;
  return {
    body,
    etag: `"${createHash("sha256").update(body).digest("base64url")}"`,
    maxAgeSeconds: isEmergency
      ? Math.min(ledger.maxAgeSeconds, EMERGENCY_MAX_AGE_SECONDS)
      : ledger.maxAgeSeconds,
    keyIds,
    version: ledger.version,
  };
}
