/**
 * Canonical base64url without padding (RFC 4648 sections 3.5 and 5): exactly one text per octet string.
 * Without this, one token has several spellings, and whatever is keyed by its text can be walked around.
 */

import { platform } from "#platform";

/** Last characters whose unused bits are zero, after one and after two whole octets of a final group. */
const LAST_OF_TWO = "AQgw";
const LAST_OF_THREE = "AEIMQUYcgkosw048";

/** Whether a segment has a possible length and zero unused bits. */
function hasCanonicalEnd(segment: string): boolean {
  const length = segment.length;
  switch (length & 3) {
    case 0:
      return true;
    case 2:
      return LAST_OF_TWO.includes(segment.charAt(length - 1));
    case 3:
      return LAST_OF_THREE.includes(segment.charAt(length - 1));
    default:
      return false;
  }
}

/** Decodes canonical base64url; undefined for any other text. The empty text is canonical. */
export function decodeCanonical(text: string): Uint8Array | undefined {
  return hasCanonicalEnd(text) ? platform.decodeBase64url(text) : undefined;
}

/** Whether the text is canonical base64url. */
export function isCanonicalBase64url(text: string): boolean {
  return decodeCanonical(text) !== undefined;
}

/** Octets that canonical base64url of this many characters stands for. */
export function decodedLength(characters: number): number {
  return (characters * 3) >> 2;
}
