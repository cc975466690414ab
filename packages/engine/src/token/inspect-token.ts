import type { ReasonName } from "../reasons.ts";
import { Refusal } from "../refusal.ts";
import type { JsonObject } from "./json-value.ts";
import { parseToken } from "./parse-token.ts";

/** A token that was decoded and nothing else. Whoever sent it chose every value: never decide by one. */
export type TokenInspection =
  | {
      readonly ok: true;
      readonly verified: false;
      readonly header: JsonObject;
      readonly claims: JsonObject;
      readonly signatureBytes: number;
    }
  | {
      readonly ok: false;
      readonly reason: ReasonName;
      readonly expected: string | undefined;
      readonly found: string | undefined;
    };

const MAX_INSPECTED_BYTES = 65_536;

/** Decodes a compact JWS by the strict rules of validation, for people to look at. Verifies nothing. */
export function inspectToken(token: string): TokenInspection {
  const parsed = parseToken(token, { maxBytes: MAX_INSPECTED_BYTES });
  if (parsed instanceof Refusal) {
    return { ok: false, reason: parsed.reason, expected: parsed.expected, found: parsed.found };
  }
  const { header, claims, signature } = parsed;
  return { ok: true, verified: false, header, claims, signatureBytes: signature.length };
}
