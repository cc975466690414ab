/**
 * Canonical base64url without padding (RFC 4648 sections 3.5 and 5): exactly one text per octet string.
 * Without this, one token has several spellings, and whatever is keyed by its text can be walked around.
 */

const ALPHABET = /^[A-Za-z0-9_-]*$/;

/** Last characters whose unused bits are zero, after one and after two whole octets of a final group. */
const LAST_OF_TWO = "AQgw";
const LAST_OF_THREE = "AEIMQUYcgkosw048";

/** Whether a segment that is known to hold only alphabet characters has a possible length and zero unused bits. */
export function hasCanonicalEnd(segment: string): boolean {
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

/** Whether the text is canonical base64url; the empty text is. */
export function isCanonicalBase64url(text: string): boolean {
  return ALPHABET.test(text) && hasCanonicalEnd(text);
}

/** Octets that canonical base64url of this many characters stands for. */
export function decodedLength(characters: number): number {
  return Math.floor((characters * 3) / 4);
}
