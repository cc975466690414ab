import type { Inspection } from "../inspection.ts";
import { formatDistance, formatSpan } from "./time-text.ts";

/** Something about a token that whoever debugs one wants to know. */
export interface InspectionNote {
  readonly weight: "attention" | "information";
  readonly text: string;
}

const IGNORED_HEADERS: readonly string[] = ["jku", "jwk", "x5u", "x5c"];
const MAX_LIFETIME_SECONDS = 86_400;

/** What strikes the eye, without any configuration and without verifying anything. */
export function noteInspection(
  { header, payload, form, signatureBytes }: Inspection,
  nowSeconds: number,
): InspectionNote[] {
  const notes: InspectionNote[] = [];
  const warn = (text: string): unknown => notes.push({ weight: "attention", text });
  if (form === "jwe")
    notes.push({ weight: "information", text: "encrypted (five segments): only the header can be read" });
  if (typeof header?.["alg"] === "string" && header["alg"].toLowerCase() === "none")
    warn("alg is none: the token is not signed");
  else if (signatureBytes === 0) warn("the signature is empty");
  for (const name of IGNORED_HEADERS) {
    if (header?.[name] !== undefined)
      warn(`${name} in the header is ignored: keys come from the configured issuer only`);
  }
  if (header?.["crit"] !== undefined) warn("crit asks for an extension: no extension is supported");
  if (payload !== undefined) noteTimes(payload, { nowSeconds, warn });
  return notes;
}

interface NoteContext {
  readonly nowSeconds: number;
  readonly warn: (text: string) => unknown;
}

function noteTimes(payload: Readonly<Record<string, unknown>>, { nowSeconds, warn }: NoteContext): void {
  const { exp, nbf, iat } = payload as { exp?: unknown; nbf?: unknown; iat?: unknown };
  if (exp === undefined) warn("no exp: the token would never expire");
  else if (typeof exp !== "number") warn("exp is no number");
  else if (exp <= nowSeconds) warn(`expired ${formatDistance(exp, nowSeconds)}`);
  if (typeof nbf === "number" && nbf > nowSeconds)
    warn(`not valid yet: nbf is ${formatDistance(nbf, nowSeconds)}`);
  if (typeof iat === "number" && iat > nowSeconds)
    warn(`issued in the future: iat is ${formatDistance(iat, nowSeconds)}`);
  if (typeof exp === "number" && typeof iat === "number" && exp - iat > MAX_LIFETIME_SECONDS) {
    warn(`lives for ${formatSpan(exp - iat)}; the default limit is ${formatSpan(MAX_LIFETIME_SECONDS)}`);
  }
  if (typeof exp === "number" && exp > 1e11)
    warn("exp looks like milliseconds: NumericDate is in seconds (RFC 7519 section 2)");
}
