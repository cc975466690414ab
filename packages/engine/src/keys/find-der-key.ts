/** Tags of DER (X.690 section 8). */
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const SEQUENCE = 0x30;

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Position after it. */
  readonly end: number;
}

/** Enough for 16 MiB. */
const MAX_LENGTH_OCTETS = 3;

/**
 * Recognizes a key or a certificate in DER: SubjectPublicKeyInfo and X.509 (RFC 5280 section 4.1), PKCS #1
 * (RFC 8017 appendix A.1), PKCS #8 (RFC 5958), SEC 1 (RFC 5915). White space around it is passed over.
 */
export function findDerKey(octets: Uint8Array): string | undefined {
  const outer = readElement(octets, countSpaces(octets));
  if (outer?.tag !== SEQUENCE || outer.end + countSpaces(octets.subarray(outer.end)) !== octets.length) {
    return undefined;
  }
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

/** White space and byte order marks that the octets begin with. */
function countSpaces(octets: Uint8Array): number {
  const spaces = [0x09, 0x0a, 0x0d, 0x20, 0xef, 0xbb, 0xbf, 0xfe, 0xff];
  const end = octets.findIndex((octet) => !spaces.includes(octet));
  return end === -1 ? octets.length : end;
}

/** The elements that fill the octets exactly, or undefined where these are no DER. */
function readElements(octets: Uint8Array): readonly Element[] | undefined {
  const elements: Element[] = [];
  for (let at = 0; at < octets.length; ) {
    const element = readElement(octets, at);
    if (element === undefined) return undefined;
    elements.push(element);
    at = element.end;
  }
  return elements;
}

function readElement(octets: Uint8Array, start: number): Element | undefined {
  const tag = octets[start];
  const short = octets[start + 1];
  if (tag === undefined || short === undefined) return undefined;
  const lengthOctets = short > 0x80 ? short - 0x80 : 0;
  if (lengthOctets > MAX_LENGTH_OCTETS) return undefined;
  const begin = start + 2 + lengthOctets;
  const long = octets.subarray(start + 2, begin).reduce((sum, octet) => sum * 256 + octet, 0);
  const end = begin + (lengthOctets === 0 ? short : long);
  return end > octets.length ? undefined : { tag, content: octets.subarray(begin, end), end };
}
