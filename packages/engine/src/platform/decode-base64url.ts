const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const NONE = 255;

const VALUES: Uint8Array = /* @__PURE__ */ makeValues();

function makeValues(): Uint8Array {
  const values = new Uint8Array(128).fill(NONE);
  for (let value = 0; value < ALPHABET.length; value++) values[ALPHABET.charCodeAt(value)] = value;
  return values;
}

/**
 * Decodes base64url without padding (RFC 4648 section 5); undefined where another character is in the text. Unused
 * bits of the end are dropped, whatever they are.
 */
export function decodeBase64url(text: string): Uint8Array | undefined {
  const octets = new Uint8Array((text.length * 3) >> 2);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let index = 0; index < text.length; index++) {
    const value = VALUES[text.charCodeAt(index)] ?? NONE;
    if (value === NONE) return undefined;
    held = ((held << 6) | value) & 0x3fff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      octets[at++] = held >> bits;
    }
  }
  return octets;
}
