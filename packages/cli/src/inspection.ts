import type { JsonObject } from "countersign";
import { inspectToken, REASONS } from "countersign";

/** A token taken apart for the eye, as far as that is possible. Nothing in it is verified. */
export interface Inspection {
  /** "jws": three segments; "jwe": five, and only the header is readable. */
  readonly form: "jws" | "jwe" | "other";
  readonly header: JsonObject | undefined;
  readonly payload: JsonObject | undefined;
  readonly tokenBytes: number;
  readonly signatureBytes: number | undefined;
  /** Why the engine refuses the form; undefined where it is right. */
  readonly formProblem: string | undefined;
}

/**
 * Decodes a token with the engine's strict decoder; where that refuses it, decodes loosely what can be
 * decoded, so that people see what they are being told about.
 */
export function inspectText(token: string): Inspection {
  const strict = inspectToken(token);
  const tokenBytes = Buffer.byteLength(token);
  if (strict.ok) {
    const { header, claims: payload, signatureBytes } = strict;
    return { form: "jws", header, payload, tokenBytes, signatureBytes, formProblem: undefined };
  }
  const { reason, expected, found } = strict;
  const details = [
    expected === undefined ? "" : `expected ${expected}`,
    found === undefined ? "" : `found ${found}`,
  ];
  const detail = details.filter((text) => text !== "").join(", ");
  const formProblem = `${reason}: ${detail === "" ? REASONS[reason].message : detail}`;
  return { ...decodeLoosely(token), tokenBytes, formProblem };
}

function decodeLoosely(token: string): Pick<Inspection, "form" | "header" | "payload" | "signatureBytes"> {
  // One more than a JWE has: what follows is of no interest.
  const [header, payload, signature, ...others] = token.split(".", 6);
  if (others.length === 2)
    return { form: "jwe", header: decodeSegment(header), payload: undefined, signatureBytes: undefined };
  const isJws = signature !== undefined && others.length === 0;
  return {
    form: isJws ? "jws" : "other",
    header: decodeSegment(header),
    payload: decodeSegment(payload),
    signatureBytes: isJws ? Buffer.from(signature, "base64url").length : undefined,
  };
}

function decodeSegment(segment: string | undefined): JsonObject | undefined {
  if (segment === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : undefined;
  } catch {
    return undefined;
  }
}
