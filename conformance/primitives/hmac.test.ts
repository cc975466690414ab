import assert from "node:assert/strict";
import { ALGORITHMS } from "../../packages/engine/src/algorithms.ts";
import { judgePrimitive } from "./judge-primitive.ts";
import { LabelCheck, type LabelException, refusedBecause, type Tally } from "./tally.ts";
import { fromHex, testVectors, type WycheproofTest } from "./wycheproof-file.ts";

const FILES: readonly { name: string; algorithm: "HS256" | "HS384" | "HS512"; expected: Tally }[] = [
  {
    name: "hmac_sha256",
    algorithm: "HS256",
    expected: { "key refused": 6, "length refused": 84, "signature refused": 54, accepted: 30 },
  },
  {
    name: "hmac_sha384",
    algorithm: "HS384",
    expected: { "key refused": 6, "length refused": 84, "signature refused": 54, accepted: 30 },
  },
  {
    name: "hmac_sha512",
    algorithm: "HS512",
    expected: { "key refused": 6, "length refused": 84, "signature refused": 54, accepted: 30 },
  },
];

const TOO_SHORT = refusedBecause("a secret is at least as long as the hash (RFC 7518 section 3.2)");
const TRUNCATED = refusedBecause("JOSE does not truncate HMAC");

for (const { name, algorithm, expected } of FILES) {
  const octets = ALGORITHMS[algorithm].keyBytes ?? 0;

  function except({ result, key = "", tag = "" }: WycheproofTest): LabelException | undefined {
    if (result === "invalid") return undefined;
    if (key.length / 2 < octets) return TOO_SHORT;
    return tag.length / 2 < octets ? TRUNCATED : undefined;
  }

  testVectors({ name }, async (groups) => {
    const check = new LabelCheck();
    for (const vector of groups.flatMap(({ tests }) => tests)) {
      const [key, signed] = [fromHex(vector.key ?? ""), fromHex(vector.msg)];
      const signature = fromHex(vector.tag ?? "");
      check.add(vector, await judgePrimitive({ algorithm, key, signed, signature }), except(vector));
    }
    assert.deepEqual(check.tally, expected);
  });
}
