import { findDerKey } from "./find-der-key.ts";
import { isJsonKey } from "./find-json-key.ts";

/** How often encodings inside encodings are undone: base64 of base64 of a PEM is still a PEM. */
const MAX_NESTING = 3;

/** SSH key types (RFC 4253 section 6.6, RFC 5656, RFC 8709), as they start an encoded key. */
const SSH_KEY_TYPE = /^(?:sk-)?(?:ssh-(?:rsa|dss|ed25519|ed448)|ecdsa-sha2-nistp\d+)(?:$|[-@])/;

/**
 * Whether octets that are meant as an HMAC secret are in truth a key or a certificate that others know:
 * PEM, DER, JWK, JWK Set or OpenSSH, bare or encoded, whatever text stands around it. This is how public
 * keys end up as secrets (CVE-2015-9235 and its many successors).
 *
 * @returns What was found, for people; undefined where it is none of these.
 */
export function findKeyText(octets: Uint8Array, nesting: number = 0): string | undefined {
  if (nesting > MAX_NESTING) return undefined;
  const binary = findDerKey(octets) ?? findSshKey(octets);
  if (binary !== undefined) return binary;
  const text = readText(octets);
  if (/-{4,5} ?BEGIN [A-Z0-9 ]/i.test(text)) return "a PEM";
  if (isJsonKey(text)) return "a JWK or a JWK Set";
  for (const inner of decodeInside(text)) {
    const found = findKeyText(inner, nesting + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** One character an octet, without the zero octets that UTF-16 puts between. */
function readText(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) if (octet !== 0) text += String.fromCharCode(octet);
  return text;
}

/** What the text says in base64, base64url or hexadecimal: as a whole without white space, and word by word. */
function* decodeInside(text: string): Generator<Uint8Array> {
  const whole = text.replace(/^\u00ef\u00bb\u00bf|\s+/g, "");
  const words = text.split(/[^A-Za-z0-9+/_=-]+/).filter((word) => word.length >= 24 && word !== whole);
  for (const word of [whole, ...words]) {
    if (/^(?:[0-9a-f]{2}){12,}$/i.test(word)) yield decodeHexadecimal(word);
    const base64 = decodeBase64(word);
    if (base64 !== undefined) yield base64;
  }
}

function decodeHexadecimal(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16));
}

/** Lenient on purpose: both alphabets, with and without padding. */
function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length < 24 || !/^[A-Za-z0-9+/_-]+=*$/.test(text)) return undefined;
  const plain = text.replace(/=+$/, "").replaceAll("-", "+").replaceAll("_", "/");
  if (plain.length % 4 === 1) return undefined;
  return Uint8Array.from(atob(plain), (character) => character.charCodeAt(0));
}

/** RFC 4253 section 6.6: the key type as a string of a four-octet length, then the key. */
function findSshKey(octets: Uint8Array): string | undefined {
  const length = octets[3] ?? 0;
  if (octets[0] !== 0 || octets[1] !== 0 || octets[2] !== 0 || octets.length <= 4 + length) return undefined;
  const name = String.fromCharCode(...octets.subarray(4, 4 + length));
  return SSH_KEY_TYPE.test(name) ? "an OpenSSH public key" : undefined;
}
