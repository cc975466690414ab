/** Tags of DER (X.690 section 8). */
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const SEQUENCE = 0x30;

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

/**
 * Recognizes a key or a certificate in DER: SubjectPublicKeyInfo and X.509 (RFC 5280 section 4.1), PKCS #1
 * (RFC 8017 appendix A.1), PKCS #8 (RFC 5958), SEC 1 (RFC 5915). White space after it is passed over.
 */
export function findDerKey(octets: Uint8Array): string | undefined {
  const [outer, ...others] = readElements(trimEnd(octets)) ?? [];
  if (outer?.tag !== SEQUENCE || others.length > 0) return undefined;
  const children = readElements(outer.content);
  if (children === undefined) return undefined;
  const tags = children.map(({ tag }) => tag);
  const [first] = children;
  if (startsWith(tags, [SEQUENCE, BIT_STRING]) && first !== undefined && isAlgorithm(first)) {
    return "a public key in DER";
  }
  if (startsWith(tags, [SEQUENCE, SEQUENCE, BIT_STRING])) return "a certificate in DER";
  if (startsWith(tags, [INTEGER, SEQUENCE, OCTET_STRING])) return "a private key in DER";
  if (startsWith(tags, [INTEGER, OCTET_STRING])) return "a private key in DER";
  if (tags.length >= 2 && tags.every((tag) => tag === INTEGER)) return "an RSA key in DER";
  return undefined;
}

function isAlgorithm({ content }: Element): boolean {
  return readElements(content)?.[0]?.tag === OBJECT_IDENTIFIER;
}

function startsWith(tags: readonly number[], start: readonly number[]): boolean {
  return start.every((tag, index) => tags[index] === tag);
}

function trimEnd(octets: Uint8Array): Uint8Array {
  const [, lengthOctet = 0] = octets;
  const lengthOctets = lengthOctet > 0x80 ? lengthOctet - 0x80 : 0;
  if (octets[0] !== SEQUENCE || lengthOctets > 3) return octets;
  let end = octets.length;
  while (end > 0 && isSpace(octets[end - 1]) && readElements(octets.subarray(0, end)) === undefined) end--;
  return octets.subarray(0, end);
}

function isSpace(octet: number | undefined): boolean {
  return octet === 0x20 || octet === 0x0a || octet === 0x0d || octet === 0x09;
}

/** The elements that fill the octets exactly, or undefined where these are no DER. */
function readElements(octets: Uint8Array): readonly Element[] | undefined {
  const elements: Element[] = [];
  let at = 0;
  while (at < octets.length) {
    const tag = octets[at++] ?? 0;
    let length = octets[at++] ?? 0;
    if (length > 0x80) {
      const lengthOctets = length - 0x80;
      if (lengthOctets > 3) return undefined;
      length = 0;
      for (let count = 0; count < lengthOctets; count++) length = length * 256 + (octets[at++] ?? 0);
    }
    if (at + length > octets.length) return undefined;
    elements.push({ tag, content: octets.subarray(at, at + length) });
    at += length;
  }
  return elements;
}
