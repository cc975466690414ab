/** All that is known of an issuer's keys: one document, which the store replaces as a whole. */

import type { RotationTiming } from "../planner/timing.ts";
import type { PublicSigningJwk, SigningAlgorithm } from "../public-signing-jwk.ts";
import type { KeyReference } from "../signer.ts";

/**
 * `generated`: exists, nobody knows it. `next`: in the JWKS, does not sign yet. `active`: signs. `retiring`: in the JWKS,
 * signs no more. `removed`: no longer in the JWKS. `destroyed`: its private half is gone. `revoked`: not to be trusted.
 */
export type KeyState = "generated" | "next" | "active" | "retiring" | "removed" | "destroyed" | "revoked";

export const KEY_STATES: readonly KeyState[] = [
  "generated",
  "next",
  "active",
  "retiring",
  "removed",
  "destroyed",
  "revoked",
];

/** Times are milliseconds since the epoch; those that end in `AtMs` and name a command are the earliest for it. */
export interface KeyRecord {
  readonly keyId: string;
  readonly label: string;
  readonly algorithm: SigningAlgorithm;
  readonly state: KeyState;
  readonly reference: KeyReference;
  readonly publicJwk: PublicSigningJwk;
  readonly generatedAtMs: number;
  readonly publishedAtMs?: number | undefined;
  /** The earliest that it may become active: G after it was published. */
  readonly promoteAtMs?: number | undefined;
  readonly activatedAtMs?: number | undefined;
  /** The longest T in force while it was active. */
  readonly tokenLifetimeSeconds?: number | undefined;
  readonly retiredAtMs?: number | undefined;
  /** The earliest that it may leave the JWKS: H after it was retired. */
  readonly removeAtMs?: number | undefined;
  readonly removedAtMs?: number | undefined;
  /** The earliest that its private half may go. Until then it can be restored. */
  readonly destroyAtMs?: number | undefined;
  readonly destroyedAtMs?: number | undefined;
  readonly revokedAtMs?: number | undefined;
}

/** A label under which the back end may hold a key that was never written down: whoever made it may have died. */
export interface PendingKey {
  readonly label: string;
  readonly atMs: number;
}

/** A rotation under way: it ends when this key is no longer in the JWKS. */
export interface RotationProgress {
  readonly fromKeyId: string;
  readonly startedAtMs: number;
}

/** The record of one key's change of state; written in one step with the change itself. */
export interface TransitionRecord {
  /** From 1, without gaps. */
  readonly sequence: number;
  readonly atMs: number;
  /** Who asked for it, as given. */
  readonly actor: string;
  readonly action: string;
  readonly keyId: string;
  readonly from: KeyState | "none";
  readonly to: KeyState;
  readonly isEmergency: boolean;
  readonly reason?: string;
  /** SHA-256 in base64url over the digest before and this record, so that a changed record shows. */
  readonly digest: string;
}

export interface LedgerSettings {
  /** As in `iss`. */
  readonly issuer: string;
  /** Of keys to be made. */
  readonly algorithm: SigningAlgorithm;
  /** The name of the back end that makes them. */
  readonly backend: string;
  readonly timing: RotationTiming;
  /** The `max-age` of the JWKS; at most C. */
  readonly maxAgeSeconds: number;
  /** How long a removed or revoked key can be restored. */
  readonly retentionSeconds: number;
}

export interface KeyLedger extends LedgerSettings {
  readonly format: 1;
  /** One more with each change, from 1. */
  readonly version: number;
  readonly keys: readonly KeyRecord[];
  readonly pending: readonly PendingKey[];
  /** The timing before the last change to a shorter one, while copies and tokens made under it may be about. */
  readonly former?: { readonly timing: RotationTiming; readonly untilMs: number } | undefined;
  readonly rotation?: RotationProgress | undefined;
  /** Until then the JWKS asks to be fetched often. */
  readonly emergencyUntilMs?: number | undefined;
  /** The last of them, oldest first; at most `MAX_HISTORY`. */
  readonly history: readonly TransitionRecord[];
}

export const MAX_HISTORY = 500;
/** In the JWKS at once. */
export const MAX_PUBLISHED_KEYS = 8;
/** With those that are gone; the oldest destroyed ones are forgotten past it. */
export const MAX_KEYS = 64;
export const MAX_PENDING = 32;

/** States in which a key stands in the JWKS. */
export function isPublished({ state }: Pick<KeyRecord, "state">): boolean {
  return state === "next" || state === "active" || state === "retiring";
}

export function findKey(ledger: KeyLedger, keyId: string): KeyRecord | undefined {
  return ledger.keys.find((key) => key.keyId === keyId);
}

export function findActive(ledger: KeyLedger): KeyRecord | undefined {
  return ledger.keys.find(({ state }) => state === "active");
}

/** Those that wait for their turn, the one published first in front. */
export function listNext(ledger: KeyLedger): readonly KeyRecord[] {
  return ledger.keys
    .filter(({ state }) => state === "next")
    .toSorted((left, right) => (left.publishedAtMs ?? 0) - (right.publishedAtMs ?? 0));
}
