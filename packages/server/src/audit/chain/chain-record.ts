/**
 * The form of a file of the trail: JSON lines, each with its number and the hash of the line before it, over all files
 * in their order. Some of them are signed, and with them everything before.
 */

import { createHash, createPublicKey, type KeyObject, sign, verify } from "node:crypto";

/** Longest line; events are far shorter, since each of their texts is bounded. */
export const MAX_LINE_BYTES = 65_536;

/** What stands before what is signed, so that a signature is for nothing else. */
const CONTEXT = "countersign-audit-v1\n";
const SIGNATURE = ',"signature":"';
/** 64 octets in base64url. */
const SIGNATURE_CHARACTERS = 86;

/** How the file before ended. "torn": in the middle of a line, as a crash leaves it. */
export type PreviousEnd = "none" | "closed" | "unclosed" | "torn";

/** Records about the chain itself; each of them is signed. */
export type ChainRecord =
  | {
      readonly event: "audit.opened";
      readonly time: string;
      /** Random: names the chain. */
      readonly chain: string;
      /** 1 and on. */
      readonly file: number;
      readonly previousEnd: PreviousEnd;
      /** Octets after the last whole line of the file before. */
      readonly tornBytes: number;
      /** Ed25519, 32 octets in base64url. */
      readonly publicKey: string;
    }
  | { readonly event: "audit.head"; readonly time: string }
  | { readonly event: "audit.closed"; readonly time: string; readonly because: "full" | "stopped" };

/** Where a chain stands: the last line's number and hash. */
export interface ChainPosition {
  readonly sequence: number;
  readonly hash: string;
}

/** SHA-256 of a line without its line feed, in base64url. */
export function hashLine(line: string | Buffer): string {
  return createHash("sha256").update(line).digest("base64url");
}

/** The line after that position, and the position after it. */
export function writeLine(
  position: ChainPosition,
  record: object,
  signingKey?: KeyObject,
): { readonly line: string; readonly position: ChainPosition } {
  const sequence = position.sequence + 1;
  const plain = JSON.stringify({ sequence, previous: position.hash, ...record });
  const line = signingKey === undefined ? plain : signLine(plain, signingKey);
  return { line, position: { sequence, hash: hashLine(line) } };
}

function signLine(plain: string, key: KeyObject): string {
  const signature = sign(null, Buffer.from(CONTEXT + plain), key).toString("base64url");
  return `${plain.slice(0, -1)}${SIGNATURE}${signature}"}`;
}

/** Whether the line ends with a good signature. Only the one spelling of it counts. */
export function isSignedBy(line: string, key: KeyObject): boolean {
  const start = line.length - SIGNATURE_CHARACTERS - '"}'.length - SIGNATURE.length;
  if (start < 1 || !line.startsWith(SIGNATURE, start) || !line.endsWith('"}')) return false;
  const text = line.slice(start + SIGNATURE.length, -2);
  const octets = Buffer.from(text, "base64url");
  if (octets.toString("base64url") !== text) return false;
  return verify(null, Buffer.from(`${CONTEXT}${line.slice(0, start)}}`), key, octets);
}

/** The public half, of either half, as chains name it. */
export function namePublicKey(key: KeyObject): string {
  const { x } = (key.type === "private" ? createPublicKey(key) : key).export({ format: "jwk" });
  if (typeof x !== "string") throw new TypeError("expected an Ed25519 key");
  return x;
}

/** A line as far as the chain is concerned. */
export interface ReadLine {
  readonly sequence: number;
  readonly previous: string;
  readonly event: string;
  readonly record: Readonly<Record<string, unknown>>;
}

/** Undefined for what is no line of a chain. */
export function readLine(line: string): ReadLine | undefined {
  const record = parseObject(line);
  if (record === undefined) return undefined;
  const { sequence, previous, event } = record;
  if (typeof sequence !== "number" || !Number.isSafeInteger(sequence) || sequence < 1) return undefined;
  if (typeof previous !== "string" || typeof event !== "string") return undefined;
  return { sequence, previous, event, record };
}

/** The events of the chain itself, which are signed. */
export function isChainEvent(event: string): event is ChainRecord["event"] {
  return event === "audit.opened" || event === "audit.head" || event === "audit.closed";
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(line) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
