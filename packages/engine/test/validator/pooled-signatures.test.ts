/** Some signatures are verified beside this thread: it must show in nothing but in who waits. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { createValidator, type Validator, type Verdict } from "countersign";
import { createTestIssuer, createTestKey } from "countersign/testing";
import { ALGORITHMS, type AlgorithmName } from "../../src/algorithms.ts";
import { platform } from "../../src/platform/node.ts";

/** As many as the pool takes at a time; more are verified on this thread. */
const MAX_IN_POOL = 64;
const ON_NODE = !("Bun" in globalThis || "Deno" in globalThis);

interface Case {
  readonly name: string;
  readonly algorithm: AlgorithmName;
  /** Undefined where that depends on how busy this thread is. */
  readonly isPooled: boolean | undefined;
  readonly modulusBits?: number;
}

const CASES: readonly Case[] = [
  { name: "HS256", algorithm: "HS256", isPooled: false },
  { name: "HS512", algorithm: "HS512", isPooled: false },
  { name: "RS256", algorithm: "RS256", isPooled: false },
  { name: "PS256", algorithm: "PS256", isPooled: false },
  { name: "PS512 with 4096 bits", algorithm: "PS512", isPooled: true, modulusBits: 4096 },
  { name: "ES256", algorithm: "ES256", isPooled: undefined },
  { name: "ES384", algorithm: "ES384", isPooled: true },
  { name: "ES512", algorithm: "ES512", isPooled: true },
  { name: "Ed25519", algorithm: "Ed25519", isPooled: undefined },
  { name: "Ed448", algorithm: "Ed448", isPooled: true },
  { name: "ML-DSA-44", algorithm: "ML-DSA-44", isPooled: undefined },
  { name: "ML-DSA-65", algorithm: "ML-DSA-65", isPooled: true },
  { name: "ML-DSA-87", algorithm: "ML-DSA-87", isPooled: true },
];

function flipBit(token: string): string {
  const at = token.lastIndexOf(".") + 1;
  const signature = Buffer.from(token.slice(at), "base64url");
  const middle = signature.length >> 1;
  signature[middle] = (signature[middle] ?? 0) ^ 1;
  return token.slice(0, at) + signature.toString("base64url");
}

function nameVerdict(verdict: Verdict): string {
  return verdict.ok ? `ok ${verdict.token.claims.sub}` : verdict.reason;
}

function settle(answers: readonly ReturnType<Validator["judge"]>[]): Promise<Verdict[]> {
  return Promise.all(answers.map((answer) => Promise.resolve(answer)));
}

for (const { name, algorithm, isPooled, modulusBits } of CASES) {
  const missing = platform.supports(ALGORITHMS[algorithm]) ? false : `this runtime has no ${algorithm}`;

  describe(`signatures with ${name}`, { skip: missing }, () => {
    let validator: Validator;
    let good: readonly string[];
    let bad: string;

    before(async () => {
      const issuer = await createTestIssuer({ algorithms: [algorithm] });
      const key = modulusBits === undefined ? issuer.key() : await createTestKey(algorithm, { modulusBits });
      const options = issuer.validatorOptions();
      const keys = key.publicJwk === undefined ? options.keys : { jwks: { keys: [key.publicJwk] } };
      validator = createValidator({ issuers: [{ ...options, keys }], signatureCache: "off" });
      good = await Promise.all(["alice", "bob"].map((sub) => issuer.sign({ sub }, { key })));
      bad = flipBit(good[0] ?? "");
    });

    test("get the same verdict by waiting and at once", async () => {
      for (const token of [...good, bad]) {
        const verdict = await validator.validate(token);
        assert.equal(verdict.ok, token !== bad);
        assert.deepEqual(validator.validateSync(token), verdict);
        assert.deepEqual(await validator.judge(token), verdict);
      }
    });

    test("get their own verdicts where 200 come at once, of which the pool takes 64", async () => {
      const tokens = Array.from({ length: 200 }, (_, index) => [...good, bad][index % 3] as string);
      const answers = tokens.map((token) => validator.judge(token));
      const waiting = answers.filter((answer) => answer instanceof Promise).length;
      if (!ON_NODE || isPooled === false) assert.equal(waiting, 0);
      else if (isPooled === true) assert.equal(waiting, MAX_IN_POOL);
      else assert.ok(waiting <= MAX_IN_POOL);
      const names = (await settle(answers)).map(nameVerdict);
      const expected = tokens.map((token) =>
        token === bad ? "signature_invalid" : token === good[0] ? "ok alice" : "ok bob",
      );
      assert.deepEqual(names, expected);
    });

    test("leave the pool as they found it", async () => {
      for (let round = 0; round < 3; round++) {
        const answers = Array.from({ length: MAX_IN_POOL }, () => validator.judge(bad));
        const waiting = answers.filter((answer) => answer instanceof Promise).length;
        if (ON_NODE && isPooled === true) assert.equal(waiting, MAX_IN_POOL, `round ${round}`);
        for (const verdict of await settle(answers)) assert.equal(verdict.ok, false);
      }
    });
  });
}
