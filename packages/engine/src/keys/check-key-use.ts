import { quoteText } from "./quote-text.ts";
import type { JwkMembers } from "./read-jwk.ts";

/** Why a key does not count: a fault of the key ("refused"), or a key for something else ("ignored"). */
export type KeyExclusion = { readonly refused: string } | { readonly ignored: string };

const MAX_OPERATIONS = 32;
const SIGNING: readonly string[] = ["sign", "verify"];
const ENCRYPTING: readonly string[] = [
  "encrypt",
  "decrypt",
  "wrapKey",
  "unwrapKey",
  "deriveKey",
  "deriveBits",
];

/**
 * Checks that `use` and `key_ops` let the key verify signatures (RFC 7517 sections 4.2 and 4.3) and agree
 * with each other. Undefined where they do, or where both are absent.
 */
export function checkKeyUse({ use, key_ops }: Pick<JwkMembers, "use" | "key_ops">): KeyExclusion | undefined {
  if (use !== undefined && typeof use !== "string") return { refused: '"use" must be a string' };
  const reading = readOperations(key_ops);
  if (reading !== undefined && "refused" in reading) return reading;
  const operations = reading?.operations;

  const encrypts = includesAny(operations, ENCRYPTING);
  const signs = includesAny(operations, SIGNING);
  if (encrypts && signs) return { refused: '"key_ops" mixes signing with encryption' };
  if ((use === "sig" && encrypts) || (use === "enc" && signs)) {
    return { refused: '"use" and "key_ops" contradict each other' };
  }
  if (use !== undefined && use !== "sig") return { ignored: `"use" is ${quoteText(use)}, not "sig"` };
  if (operations !== undefined && !operations.has("verify")) return { ignored: '"key_ops" lacks "verify"' };
  return undefined;
}

function includesAny(operations: ReadonlySet<string> | undefined, names: readonly string[]): boolean {
  return operations !== undefined && names.some((name) => operations.has(name));
}

function readOperations(
  value: unknown,
): { readonly operations: ReadonlySet<string> } | { readonly refused: string } | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length > MAX_OPERATIONS) {
    return { refused: `"key_ops" must be an array of at most ${MAX_OPERATIONS} strings` };
  }
  const operations = new Set<string>();
  for (const operation of value as readonly unknown[]) {
    if (typeof operation !== "string") return { refused: '"key_ops" must hold strings only' };
    if (operations.has(operation)) return { refused: '"key_ops" names an operation twice' };
    operations.add(operation);
  }
  return { operations };
}
