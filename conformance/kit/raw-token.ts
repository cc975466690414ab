/** Compact tokens from raw parts: any text, any octets, any signature. */

import type { AlgorithmName } from "countersign";
import type { SigningKey } from "./signing-key.ts";

/** Text and octets are taken as they are; everything else is written as JSON. */
export type RawPart = string | Uint8Array | Readonly<Record<string, unknown>> | readonly unknown[];

export interface RawTokenParts {
  readonly header: RawPart;
  readonly payload: RawPart;
  readonly key: SigningKey;
  /** Default the key's. */
  readonly signWith?: AlgorithmName;
}

export function encodePart(part: RawPart): string {
  if (typeof part === "string") return Buffer.from(part).toString("base64url");
  if (part instanceof Uint8Array) return Buffer.from(part).toString("base64url");
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

/** Signs whatever the parts are. */
export function makeToken({ header, payload, key, signWith }: RawTokenParts): string {
  return signSegments(`${encodePart(header)}.${encodePart(payload)}`, { key, signWith });
}

/** Signs `header.payload` as it stands, also where its segments are no base64url. */
export function signSegments(
  signed: string,
  { key, signWith }: { readonly key: SigningKey; readonly signWith?: AlgorithmName | undefined },
): string {
  return `${signed}.${encodePart(key.sign(signed, signWith))}`;
}

export interface Segments {
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
}

export function splitToken(token: string): Segments {
  const [header = "", payload = "", signature = ""] = token.split(".");
  return { header, payload, signature };
}

export function joinSegments({ header, payload, signature }: Segments): string {
  return `${header}.${payload}.${signature}`;
}

export function decodeSegment(segment: string): Uint8Array {
  return Buffer.from(segment, "base64url");
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Every other spelling of a segment that a loose decoder takes for the same octets by its unused bits. */
export function respellSegment(segment: string): string[] {
  const unused = segment.length % 4 === 2 ? 4 : segment.length % 4 === 3 ? 2 : 0;
  const last = ALPHABET.indexOf(segment.at(-1) ?? "");
  const others: string[] = [];
  for (let bits = 1; bits < 1 << unused; bits++) {
    others.push(segment.slice(0, -1) + (ALPHABET[last ^ bits] ?? ""));
  }
  return others;
}
