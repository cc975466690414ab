/** The keys of an issuer that count now, from the documents that an instance holds. */

import { createHash } from "node:crypto";

import type { SharedKeys } from "countersign/sharing";

export type Jwk = Readonly<Record<string, unknown>>;

/** Members that say which key it is, and never a private one. */
const IDENTITY = ["kty", "kid", "alg", "use", "crv", "n", "e", "x", "y", "pub"] as const;
/** "held": missing in the newest document, and good for a while beside it. */
export interface CountedKey {
  readonly jwk: Jwk;
  readonly state: "current" | "held";
}

export function listCountedKeys(
  { documents, heldUntil }: Pick<SharedKeys, "documents" | "heldUntil">,
  nowMs: number,
): readonly CountedKey[] {
  const [current = [], before = []] = documents.map(readKeys);
  const names = new Set(current.map(nameKey));
  const beside = nowMs < heldUntil ? before.filter((key) => !names.has(nameKey(key))) : [];
  return [
    ...current.map((jwk): CountedKey => ({ jwk, state: "current" })),
    ...beside.map((jwk): CountedKey => ({ jwk, state: "held" })),
  ];
}

function readKeys(document: string): readonly Jwk[] {
  const { keys } = JSON.parse(document) as { readonly keys?: readonly Jwk[] };
  return keys ?? [];
}

function nameKey(jwk: Jwk): string {
  return JSON.stringify([jwk["kid"] ?? null, jwk["kty"]]);
}

/** The same for the same keys, however their document is written. */
export function hashKeys(keys: readonly Jwk[]): string {
  const texts = keys.map((jwk) => JSON.stringify(IDENTITY.map((member) => jwk[member] ?? null))).toSorted();
  return createHash("sha256").update(JSON.stringify(texts)).digest("base64url");
}

export function readText(jwk: Jwk, member: string): string | null {
  const value = jwk[member];
  return typeof value === "string" ? value : null;
}
