const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const VALUES: Uint8Array = /* @__PURE__ */ makeValues();

function makeValues(): Uint8Array {
  const values = new Uint8Array(128);
  for (let value = 0; value < ALPHABET.length; value++) values[ALPHABET.charCodeAt(value)] = value;
  return values;
}

/**
 * Decodes text that is already known to be canonical base64url without padding (RFC 4648 section 5).
 * Other text gives meaningless octets, never an error and never more than three octets for four characters.
 */
export function decodeBase64url(text: string): Uint8Array {
  const octets = new Uint8Array((text.length * 3) >> 2);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let index = 0; index < text.length; index++) {
    held = ((held << 6) | (VALUES[text.charCodeAt(index)] ?? 0)) & 0x3fff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      octets[at++] = held >> bits;
    }
  }
  return octets;
}
