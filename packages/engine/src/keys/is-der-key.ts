/** Tags of DER (X.690 section 8). */
const SEQUENCE = 0x30;
/** Of what keys and certificates consist: INTEGER, BIT STRING, OCTET STRING, SEQUENCE, and the members numbered 0 and 1. */
const MEMBERS: readonly number[] = [0x02, 0x03, 0x04, SEQUENCE, 0x81, 0xa0, 0xa1];
/** White space and byte order marks. */
const SPACES: readonly number[] = [0x09, 0x0a, 0x0d, 0x20, 0xef, 0xbb, 0xbf, 0xfe, 0xff];

interface Element {
  readonly tag: number;
  /** Where its content begins and ends. */
  readonly begin: number;
  readonly end: number;
}

/** Enough for 16 MiB. */
const MAX_LENGTH_OCTETS = 3;

/**
 * Whether octets are one SEQUENCE of at least two members such as keys and certificates have in DER:
 * SubjectPublicKeyInfo and X.509 (RFC 5280 section 4.1), PKCS #1 (RFC 8017 appendix A.1), PKCS #8 (RFC 5958), SEC 1
 * (RFC 5915). White space around it is passed over. Of random octets one in about 2^30 looks like this.
 */
export function isDerKey(octets: Uint8Array): boolean {
  const outer = readElement(
    octets,
    octets.findIndex((octet) => !SPACES.includes(octet)),
  );
  if (outer?.tag !== SEQUENCE) return false;
  if (octets.subarray(outer.end).some((octet) => !SPACES.includes(octet))) return false;
  let members = 0;
  for (let at = outer.begin; at < outer.end; members++) {
    const member = readElement(octets.subarray(0, outer.end), at);
    if (member === undefined || !MEMBERS.includes(member.tag)) return false;
    at = member.end;
  }
  return members > 1;
}

function readElement(octets: Uint8Array, start: number): Element | undefined {
  const tag = octets[start];
  const short = octets[start + 1];
  if (tag === undefined || short === undefined) return undefined;
  const lengthOctets = Math.max(0, short - 0x80);
  if (lengthOctets > MAX_LENGTH_OCTETS) return undefined;
  const begin = start + 2 + lengthOctets;
  const long = octets.subarray(start + 2, begin).reduce((sum, octet) => sum * 256 + octet, 0);
  const end = begin + (lengthOctets === 0 ? short : long);
  return end > octets.length ? undefined : { tag, begin, end };
}
