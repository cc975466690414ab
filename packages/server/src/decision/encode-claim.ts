/** A claim as a header's value: visible ASCII only, whatever an issuer put into it. */

import type { JsonValue } from "countersign";
import { isJsonList } from "countersign/policy";
import type { ClaimEncoding } from "../config/configuration.ts";

/**
 * Encodes a claim; "" where there is none, undefined where the declared encoding cannot carry it.
 * Without one, what is no text, number, boolean or list of these is JSON.
 */
export function encodeClaim(
  value: JsonValue | undefined,
  encoding: ClaimEncoding | undefined,
): string | undefined {
  if (value === undefined || value === null) return "";
  switch (encoding) {
    case "text":
      return isScalar(value) ? encodeText(String(value)) : undefined;
    case "csv":
      if (isScalar(value)) return encodeListItem(String(value));
      return isFlatList(value) ? encodeList(value) : undefined;
    case "json":
      return escapeJson(JSON.stringify(value));
    case "base64url-json":
      return Buffer.from(JSON.stringify(value), "utf8").toString("base64url");
    case undefined:
      if (isScalar(value)) return encodeText(String(value));
      return isFlatList(value) ? encodeList(value) : encodeText(JSON.stringify(value));
  }
}

/** UTF-8 of which everything but visible ASCII, and "%" itself, is percent-encoded. */
export function encodeText(text: string): string {
  return PLAIN_TEXT.test(text) ? text : percentEncode(text, /[^\x21-\x24\x26-\x7e]+/g);
}

/** As `encodeText`, and the comma too. */
export function encodeListItem(text: string): string {
  return PLAIN_ITEM.test(text) ? text : percentEncode(text, /[^\x21-\x24\x26-\x2b\x2d-\x7e]+/g);
}

const PLAIN_TEXT = /^[\x21-\x24\x26-\x7e]*$/;
const PLAIN_ITEM = /^[\x21-\x24\x26-\x2b\x2d-\x7e]*$/;

type Scalar = string | number | boolean;

function isScalar(value: JsonValue): value is Scalar {
  return typeof value !== "object";
}

function isFlatList(value: JsonValue): value is readonly (Scalar | null)[] {
  return isJsonList(value) && value.every((item) => typeof item !== "object" || item === null);
}

function encodeList(items: readonly (Scalar | null)[]): string {
  return items.map((item) => encodeListItem(String(item))).join(",");
}

/** Still JSON, but ASCII: everything else as \uXXXX. */
function escapeJson(json: string): string {
  return json.replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`,
  );
}

function percentEncode(text: string, unsafe: RegExp): string {
  return text.replace(unsafe, (run) =>
    Array.from(
      Buffer.from(run, "utf8"),
      (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    ).join(""),
  );
}
