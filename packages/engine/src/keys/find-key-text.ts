import { isDerKey } from "./is-der-key.ts";

/** How often encodings inside encodings are undone: base64 of base64 of a PEM is still a PEM. */
const MAX_NESTING = 3;
/** Shorter words are not taken for an encoding: no key is that short. */
const SHORTEST_WORD = 24;

const PEM = /-{4,5} ?BEGIN [A-Z0-9 ]/i;
/** SSH key types (RFC 4253 section 6.6, RFC 5656, RFC 8709): in the line of a public key, and inside what that encodes. */
const SSH = /(?:^|[^\w-])(?:sk-)?(?:ssh-(?:rsa|dss|ed25519|ed448)|ecdsa-sha2-nistp\d+)(?![\w-])/;

/**
 * Whether octets that are meant as an HMAC secret are in truth a key or a certificate that others know:
 * PEM, DER, JWK, JWK Set or OpenSSH, bare or encoded, whatever text stands around it. This is how public
 * keys end up as secrets (CVE-2015-9235 and its many successors).
 *
 * @returns What was found, for people; undefined where it is none of these.
 */
export function findKeyText(octets: Uint8Array, nesting: number = 0): string | undefined {
  if (isDerKey(octets)) return "a key or certificate in DER";
  // One character an octet, without the zero octets that UTF-16 puts between.
  const text = String.fromCharCode(...octets.filter((octet) => octet !== 0));
  if (PEM.test(text)) return "a PEM";
  if (SSH.test(text)) return "an OpenSSH key";
  if (isJsonKey(text)) return "a JWK or a JWK Set";
  if (nesting === MAX_NESTING) return undefined;
  for (const inner of decodeInside(text)) {
    const found = findKeyText(inner, nesting + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A member `"kty"` at any place, also in JSON inside strings of JSON, and with its characters escaped. */
function isJsonKey(text: string): boolean {
  const plain = text
    .replace(/\\+u00([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    .replaceAll("\\", "");
  return /"kty"\s*:/.test(plain);
}

/** What the text says in base64, base64url or hexadecimal: as a whole without white space, and word by word. */
function* decodeInside(text: string): Generator<Uint8Array> {
  const whole = text.replace(/^\u00ef\u00bb\u00bf|\s+/g, "");
  for (const word of new Set([whole, ...text.split(/[^\w+/=-]+/)])) {
    if (word.length < SHORTEST_WORD) continue;
    if (/^(?:[0-9a-f]{2})+$/i.test(word)) {
      yield Uint8Array.from(word.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16));
    }
    // Lenient on purpose: both alphabets, with and without padding.
    const plain = word.replace(/=+$/, "").replaceAll("-", "+").replaceAll("_", "/");
    if (/^[A-Za-z0-9+/]+$/.test(plain) && plain.length % 4 !== 1) {
      yield Uint8Array.from(atob(plain), (character) => character.charCodeAt(0));
    }
  }
}
