import { ignore, refuse } from "./key-problem.ts";
import { type JwkMembers, quoteText } from "./read-jwk.ts";

const MAX_OPERATIONS = 32;
const SIGNING: readonly unknown[] = ["sign", "verify"];
const ENCRYPTING: readonly unknown[] = [
  "encrypt",
  "decrypt",
  "wrapKey",
  "unwrapKey",
  "deriveKey",
  "deriveBits",
];

/**
 * Checks that `use` and `key_ops` let the key verify signatures (RFC 7517 sections 4.2 and 4.3) and agree
 * with each other, or are absent.
 *
 * @throws KeyProblem
 */
export function checkKeyUse({ use, key_ops }: Pick<JwkMembers, "use" | "key_ops">): void {
  if (use !== undefined && typeof use !== "string") refuse('"use" must be a string');
  const operations = key_ops === undefined ? [] : readOperations(key_ops);
  const encrypts = operations.some((operation) => ENCRYPTING.includes(operation));
  const signs = operations.some((operation) => SIGNING.includes(operation));
  if (encrypts && signs) refuse('"key_ops" mixes signing with encryption');
  if ((use === "sig" && encrypts) || (use === "enc" && signs)) {
    refuse('"use" and "key_ops" contradict each other');
  }
  if (use !== undefined && use !== "sig") ignore(`"use" is ${quoteText(use)}, not "sig"`);
  if (key_ops !== undefined && !operations.includes("verify")) ignore('"key_ops" lacks "verify"');
}

function readOperations(value: unknown): readonly unknown[] {
  const list = Array.isArray(value) && value.length <= MAX_OPERATIONS ? (value as readonly unknown[]) : [7];
  if (list.some((operation) => typeof operation !== "string")) {
    refuse(`"key_ops" must be an array of at most ${MAX_OPERATIONS} strings`);
  }
  if (new Set(list).size < list.length) refuse('"key_ops" names an operation twice');
  return list;
}
