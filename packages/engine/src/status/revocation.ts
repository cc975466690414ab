/** What a revocation is, and the form that every store and every list holds it to. */

import { isIdentifier } from "../token/key-id.ts";

/** What a revocation is about: one token, all of a subject, session or client, all of an issuer, or a key. */
export type RevocationKind = "token" | "subject" | "session" | "client" | "issuer" | "key";

export type RevocationStatus = "revoked" | "suspended";

/** Identity is always the pair of issuer and value; the text of a token never is one. */
export interface RevocationTarget {
  readonly kind: RevocationKind;
  /** The `iss` that tokens bear, code point by code point; 1..2048 characters. */
  readonly issuer: string;
  /** `jti`, `sub`, `sid`, `client_id` or `kid`, at most 1024 characters; absent for "issuer". */
  readonly value?: string;
  /**
   * Tokens whose `iat`, in whole seconds, is this or earlier are refused, and so are those without one. Required
   * for "subject", "session", "client" and "issuer"; absent for "token" and "key", which are refused altogether.
   */
  readonly issuedBeforeSeconds?: number;
}

export interface Revocation {
  /** Chosen by whoever revokes, so that saying it twice is harmless: 1..128 of A-Z a-z 0-9 . _ : - */
  readonly id: string;
  readonly target: RevocationTarget;
  readonly status: RevocationStatus;
  /** Who revokes; 1..256 characters. */
  readonly actor: string;
  /** Why; 1..1024 characters. */
  readonly reason: string;
  /** Milliseconds since the epoch, by the clock of whoever revokes. */
  readonly createdAtMs: number;
  /** The last moment at which a token concerned could be accepted otherwise; see `endRevocation`. */
  readonly expiresAtMs: number;
}

/** Of time in seconds, so that a list can hold it in 32 bits: the year 2106. */
export const MAX_TIME_SECONDS: number = 2 ** 32 - 2;

/** Longest `expiresAtMs`: for tokens that never expire. */
export const MAX_TIME_MS: number = MAX_TIME_SECONDS * 1000;

const MAX_ISSUER_LENGTH = 2048;
const MAX_VALUE_LENGTH = 1024;
const MAX_ACTOR_LENGTH = 256;
const MAX_REASON_LENGTH = 1024;
const ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** Which members a kind has beside the issuer. */
const KINDS: Readonly<Record<RevocationKind, { readonly hasValue: boolean; readonly hasCutOff: boolean }>> = {
  token: { hasValue: true, hasCutOff: false },
  subject: { hasValue: true, hasCutOff: true },
  session: { hasValue: true, hasCutOff: true },
  client: { hasValue: true, hasCutOff: true },
  issuer: { hasValue: false, hasCutOff: true },
  key: { hasValue: true, hasCutOff: false },
};

/** Every kind, in the order in which reports list them. */
export const REVOCATION_KINDS: readonly RevocationKind[] = Object.keys(KINDS) as RevocationKind[];

/** What is wrong with a revocation, in words that quote nothing of it; undefined where it is well formed. */
export function findRevocationProblem(revocation: Revocation): string | undefined {
  const { id, target, status, actor, reason, createdAtMs, expiresAtMs } = revocation;
  if (!isRevocationId(id)) return "id: expected 1 to 128 of A-Z a-z 0-9 . _ : -";
  if (status !== "revoked" && status !== "suspended") return 'status: expected "revoked" or "suspended"';
  if (!isText(actor, MAX_ACTOR_LENGTH)) return `actor: expected ${describeText(MAX_ACTOR_LENGTH)}`;
  if (!isText(reason, MAX_REASON_LENGTH)) return `reason: expected ${describeText(MAX_REASON_LENGTH)}`;
  if (!isTime(createdAtMs, MAX_TIME_MS)) return `createdAtMs: expected ${describeTime(MAX_TIME_MS)}`;
  if (!isTime(expiresAtMs, MAX_TIME_MS)) return `expiresAtMs: expected ${describeTime(MAX_TIME_MS)}`;
  return findTargetProblem(target);
}

/** The same of what is revoked alone. */
export function findTargetProblem(target: RevocationTarget): string | undefined {
  const { kind, issuer, value, issuedBeforeSeconds } = target;
  if (!Object.hasOwn(KINDS, kind)) return `target.kind: expected one of ${REVOCATION_KINDS.join(", ")}`;
  const { hasValue, hasCutOff } = KINDS[kind];
  if (!isText(issuer, MAX_ISSUER_LENGTH)) return `target.issuer: expected ${describeText(MAX_ISSUER_LENGTH)}`;
  if (hasValue ? !isText(value, MAX_VALUE_LENGTH) : value !== undefined) {
    return `target.value: expected ${hasValue ? describeText(MAX_VALUE_LENGTH) : "nothing"} for "${kind}"`;
  }
  if (hasCutOff ? !isTime(issuedBeforeSeconds, MAX_TIME_SECONDS) : issuedBeforeSeconds !== undefined) {
    const expected = hasCutOff ? describeTime(MAX_TIME_SECONDS) : "nothing";
    return `target.issuedBeforeSeconds: expected ${expected} for "${kind}"`;
  }
  return undefined;
}

export function isRevocationId(id: unknown): id is string {
  return typeof id === "string" && ID.test(id);
}

/** No half of a surrogate pair either: what a database would have to change is not what was revoked. */
function isText(value: unknown, maxLength: number): boolean {
  return isIdentifier(value, maxLength) && !/\p{Cs}/u.test(value);
}

function describeText(maxLength: number): string {
  return `well-formed text of 1 to ${maxLength} characters without control characters`;
}

function isTime(value: unknown, most: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;
}

function describeTime(most: number): string {
  return `a whole number from 0 to ${most}`;
}
