import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deflateSync } from "node:zlib";

import {
  decodeStatusList,
  readStatus,
  readStatusReference,
  type StatusBits,
} from "../../src/status/status-list.ts";

const MAX_BYTES = 2 ** 20;

async function readAll(bits: number, lst: string): Promise<readonly number[]> {
  const list = await decodeStatusList({ bits, lst }, MAX_BYTES);
  assert.ok(list);
  const values: number[] = [];
  for (let index = 0; ; index++) {
    const value = readStatus(list, index);
    if (value === undefined) return values;
    values.push(value);
  }
}

function compress(octets: Uint8Array): string {
  return deflateSync(octets).toString("base64url");
}

describe("a status list", () => {
  it("of one bit is read as in section 4.1 of the draft", async () => {
    assert.deepEqual(await readAll(1, "eNrbuRgAAhcBXQ"), [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]);
  });

  it("of two bits is read as in section 4.1 of the draft", async () => {
    assert.deepEqual(await readAll(2, "eNo76fITAAPfAgc"), [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]);
  });

  it("of any width gives back what was put into it", async () => {
    for (const bits of [1, 2, 4, 8] as const satisfies readonly StatusBits[]) {
      const values = Array.from({ length: 64 }, (_, index) => (index * 7) % 2 ** bits);
      const octets = new Uint8Array((values.length * bits) / 8);
      for (const [index, value] of values.entries()) {
        const at = Math.floor((index * bits) / 8);
        octets[at] = (octets[at] ?? 0) | (value << ((index * bits) % 8));
      }
      assert.deepEqual(await readAll(bits, compress(octets)), values);
    }
  });

  it("ends where it ends", async () => {
    const list = await decodeStatusList({ bits: 1, lst: "eNrbuRgAAhcBXQ" }, MAX_BYTES);
    assert.ok(list);
    assert.equal(readStatus(list, 15), 1);
    for (const index of [16, 2 ** 31, Number.MAX_SAFE_INTEGER])
      assert.equal(readStatus(list, index), undefined);
  });

  it("is inflated up to its bound and no further", async () => {
    const lst = compress(new Uint8Array(4096));
    assert.equal((await decodeStatusList({ bits: 1, lst }, 4096))?.octets.length, 4096);
    assert.equal(await decodeStatusList({ bits: 1, lst }, 4095), undefined);
    const bomb = compress(new Uint8Array(64 * 2 ** 20));
    assert.equal(await decodeStatusList({ bits: 1, lst: bomb }, MAX_BYTES), undefined);
  });

  it("that is none is refused", async () => {
    const lst = "eNrbuRgAAhcBXQ";
    for (const claim of [
      undefined,
      null,
      [],
      {},
      { bits: 1 },
      { lst },
      { bits: 3, lst },
      { bits: "1", lst },
      { bits: 16, lst },
      { bits: 1, lst: 7 },
      { bits: 1, lst: `${lst}=` },
      { bits: 1, lst: lst.slice(0, -2) },
      { bits: 1, lst: "eNrbuRgAAhcBXA" },
      { bits: 1, lst: "AAAA" },
    ]) {
      assert.equal(await decodeStatusList(claim, MAX_BYTES), undefined, JSON.stringify(claim));
    }
  });
});

describe("a token's reference to a status list", () => {
  const uri = "https://issuer.test/lists/1";

  it("is its list and index", () => {
    assert.deepEqual(readStatusReference({ status: { status_list: { idx: 0, uri } } }), { index: 0, uri });
  });

  it("is none where the token has no status in a list", () => {
    for (const claims of [{}, { status: {} }, { status: { other: 1 } }]) {
      assert.equal(readStatusReference(claims), undefined);
    }
  });

  it("is malformed where anything of it is", () => {
    for (const status of [
      null,
      "valid",
      [],
      { status_list: null },
      { status_list: {} },
      { status_list: { idx: -1, uri } },
      { status_list: { idx: 0.5, uri } },
      { status_list: { idx: "0", uri } },
      { status_list: { idx: 2 ** 53, uri } },
      { status_list: { idx: 0 } },
      { status_list: { idx: 0, uri: "" } },
      { status_list: { idx: 0, uri: "x".repeat(2049) } },
    ]) {
      assert.equal(readStatusReference({ status }), "malformed", JSON.stringify(status));
    }
  });
});
