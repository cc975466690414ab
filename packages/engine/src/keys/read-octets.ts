import { platform } from "#platform";
import { decodedLength, isCanonicalBase64url } from "../token/base64url.ts";

/** Decoded octets, or what is wrong with the member. */
export type OctetsReading = { readonly octets: Uint8Array } | { readonly problem: string };

/**
 * Decodes one member of a JWK (RFC 7518 section 2, "Base64urlUInt" and octets): canonical base64url, not
 * empty, at most `maxOctets`. The length is checked before anything is decoded.
 */
export function readOctets(member: { name: string; value: unknown }, maxOctets: number): OctetsReading {
  const { name, value } = member;
  if (value === undefined) return { problem: `"${name}" is missing` };
  if (typeof value !== "string") return { problem: `"${name}" must be a string` };
  if (value === "") return { problem: `"${name}" is empty` };
  if (!isCanonicalBase64url(value))
    return { problem: `"${name}" is not canonical base64url without padding` };
  const length = decodedLength(value.length);
  if (length > maxOctets) return { problem: `"${name}" has ${length} octets, more than ${maxOctets}` };
  return { octets: platform.decodeBase64url(value) };
}
