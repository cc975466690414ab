import { decodeCanonical, decodedLength } from "../token/base64url.ts";
import { describeKind } from "../token/describe-kind.ts";
import { refuse } from "./key-problem.ts";

/** Octets for which padding may be mistaken. */
const MOST_PADDING = 2;

/** A member of a JWK as it stands there. */
export interface Member {
  readonly name: string;
  readonly value: unknown;
}

/**
 * Decodes one member of a JWK (RFC 7518 section 2, "Base64urlUInt" and octets): canonical base64url of `least`
 * (default 1) to `most` octets. What is far too long is not decoded at all.
 *
 * @throws KeyProblem
 */
export function readOctets(
  { name, value }: Member,
  { least = 1, most }: { readonly least?: number; readonly most: number },
): Uint8Array {
  if (typeof value !== "string") refuse(`"${name}" must be a string, found ${describeKind(value)}`);
  if (value === "") refuse(`"${name}" is empty`);
  const length = decodedLength(value.length);
  const octets = length > most + MOST_PADDING ? undefined : decodeCanonical(value);
  if (octets === undefined && length <= most + MOST_PADDING) {
    refuse(`"${name}" is not canonical base64url without padding`);
  }
  if (octets === undefined || length < least || length > most) {
    refuse(`"${name}" has ${length} octets, expected ${least < most ? `${least} to ` : ""}${most}`);
  }
  return octets;
}
