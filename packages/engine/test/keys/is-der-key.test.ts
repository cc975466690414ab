import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isDerKey } from "../../src/keys/is-der-key.ts";

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

function isKey(octets: readonly number[]): boolean {
  return isDerKey(Uint8Array.from(octets));
}

describe("DER", () => {
  test("is taken for a key by its structure", () => {
    const keys = {
      "a public key": sequence(ALGORITHM, BITS),
      "a certificate": sequence(ALGORITHM, ALGORITHM, BITS),
      "PKCS #8": sequence(INTEGER, ALGORITHM, OCTETS),
      "PKCS #8 with attributes": sequence(INTEGER, ALGORITHM, OCTETS, [0xa0, 0x00]),
      "PKCS #8 with its public key": sequence(INTEGER, ALGORITHM, OCTETS, [0x81, 0x01, 0x00]),
      "encrypted PKCS #8": sequence(ALGORITHM, OCTETS),
      "SEC 1": sequence(INTEGER, OCTETS, [0xa0, 0x00], [0xa1, 0x00]),
      "PKCS #1 public": sequence(INTEGER, INTEGER),
      "PKCS #1 private": sequence(...Array.from({ length: 9 }, () => INTEGER)),
    };
    for (const [name, octets] of Object.entries(keys)) assert.equal(isKey(octets), true, name);
  });

  test("of another structure is no key", () => {
    const others = [
      [],
      [0x30],
      [0x30, 0x00],
      [0x20, 0x0a],
      INTEGER,
      sequence(INTEGER),
      sequence(ALGORITHM),
      sequence(OID, BITS),
      sequence(INTEGER, OID),
      sequence(INTEGER, [0x0c, 0x01, 0x41]),
      [0x31, ...sequence(ALGORITHM, BITS).slice(1)],
    ];
    for (const octets of others) assert.equal(isKey(octets), false, Buffer.from(octets).toString("hex"));
  });

  test("is read only where it is whole: nothing missing, nothing behind it but white space", () => {
    const key = sequence(ALGORITHM, BITS);
    for (let length = 0; length < key.length; length++) assert.equal(isKey(key.slice(0, length)), false);
    assert.equal(isKey([...key, 0x00]), false);
    assert.equal(isKey([...key, 0x0a, 0x41]), false);
    assert.equal(isKey([0x41, ...key]), false);
    assert.equal(isKey([0xef, 0xbb, 0xbf, 0x20, 0x09, ...key, 0x0d, 0x0a]), true);
    const broken = [0x30, 0x03, 0x02, 0x05, 0x01];
    assert.equal(isKey(broken), false);
    assert.equal(isKey(sequence(INTEGER, [0x02])), false);
  });

  test("may have lengths of one to three octets in the long form, and no more", () => {
    const content = [...INTEGER, ...INTEGER];
    for (const length of [
      [0x81, 6],
      [0x82, 0, 6],
      [0x83, 0, 0, 6],
    ]) {
      assert.equal(isKey([0x30, ...length, ...content]), true);
      assert.equal(isKey([0x30, ...length, ...content.slice(1)]), false);
    }
    assert.equal(isKey([0x30, 0x84, 0, 0, 0, 6, ...content]), false);
    assert.equal(isKey([0x30, 0x80, ...content, 0, 0]), false);
    const long = Array.from({ length: 300 }, () => 0xff);
    const bits = [0x03, 0x82, 0x01, 0x2c, ...long];
    const octets = [0x30, 0x82, 0x01, 0x35, ...ALGORITHM, ...bits];
    assert.equal(octets.length, 4 + 0x135);
    assert.equal(isKey(octets), true);
  });
});
