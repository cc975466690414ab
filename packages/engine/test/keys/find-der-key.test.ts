import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { findDerKey } from "../../src/keys/find-der-key.ts";

const OID = [0x06, 0x01, 0x2a];
const INTEGER = [0x02, 0x01, 0x05];
const BITS = [0x03, 0x02, 0x00, 0xff];
const OCTETS = [0x04, 0x01, 0xff];
const ALGORITHM = sequence(OID);

/** One element in the short form of the length, of at most 127 octets. */
function sequence(...children: readonly (readonly number[])[]): readonly number[] {
  const content = children.flat();
  return [0x30, content.length, ...content];
}

function find(octets: readonly number[]): string | undefined {
  return findDerKey(Uint8Array.from(octets));
}

describe("DER", () => {
  test("is taken for a key by its structure", () => {
    assert.equal(find(sequence(ALGORITHM, BITS)), "a public key in DER");
    assert.equal(find(sequence(ALGORITHM, ALGORITHM, BITS)), "a certificate in DER");
    assert.equal(find(sequence(INTEGER, ALGORITHM, OCTETS)), "a private key in DER");
    assert.equal(find(sequence(INTEGER, ALGORITHM, OCTETS, [0xa0, 0x00])), "a private key in DER");
    assert.equal(find(sequence(INTEGER, OCTETS, [0xa0, 0x00])), "a private key in DER");
    assert.equal(find(sequence(INTEGER, INTEGER)), "an RSA key in DER");
    assert.equal(find(sequence(...Array.from({ length: 9 }, () => INTEGER))), "an RSA key in DER");
  });

  test("of another structure is no key", () => {
    const others = [
      [],
      [0x30],
      [0x30, 0x00],
      INTEGER,
      sequence(INTEGER),
      sequence(OID, BITS),
      sequence(sequence(INTEGER), BITS),
      sequence(sequence(), BITS),
      sequence(ALGORITHM, OCTETS),
      sequence(ALGORITHM, ALGORITHM, OCTETS),
      sequence(ALGORITHM),
      sequence(BITS, ALGORITHM),
      sequence(INTEGER, ALGORITHM, BITS),
      sequence(INTEGER, INTEGER, OCTETS),
      sequence(INTEGER, OID),
      [0x31, ...sequence(ALGORITHM, BITS).slice(1)],
    ];
    for (const octets of others) assert.equal(find(octets), undefined, Buffer.from(octets).toString("hex"));
  });

  test("is read only where it is whole: nothing missing, nothing behind it but white space", () => {
    const key = sequence(ALGORITHM, BITS);
    for (let length = 0; length < key.length; length++) assert.equal(find(key.slice(0, length)), undefined);
    assert.equal(find([...key, 0x00]), undefined);
    assert.equal(find([...key, 0x0a, 0x41]), undefined);
    assert.equal(find([0x41, ...key]), undefined);
    assert.equal(find([0xef, 0xbb, 0xbf, 0x20, 0x09, ...key, 0x0d, 0x0a]), "a public key in DER");
    const broken = [0x30, 0x03, 0x02, 0x05, 0x01];
    assert.equal(find(broken), undefined);
    assert.equal(find(sequence(INTEGER, [0x02])), undefined);
  });

  test("may have lengths of one to three octets in the long form, and no more", () => {
    const content = [...INTEGER, ...INTEGER];
    for (const length of [
      [0x81, 6],
      [0x82, 0, 6],
      [0x83, 0, 0, 6],
    ]) {
      assert.equal(find([0x30, ...length, ...content]), "an RSA key in DER");
      assert.equal(find([0x30, ...length, ...content.slice(1)]), undefined);
    }
    assert.equal(find([0x30, 0x84, 0, 0, 0, 6, ...content]), undefined);
    assert.equal(find([0x30, 0x80, ...content, 0, 0]), undefined);
    const long = Array.from({ length: 300 }, () => 0xff);
    const bits = [0x03, 0x82, 0x01, 0x2c, ...long];
    const octets = [0x30, 0x82, 0x01, 0x35, ...ALGORITHM, ...bits];
    assert.equal(octets.length, 4 + 0x135);
    assert.equal(find(octets), "a public key in DER");
  });
});
