import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readBinding } from "../../src/validator/check-binding-options.ts";
import { Place } from "../../src/validator/place.ts";

/** The rules with algorithms by name and secrets by length; problems as "path: problem". */
function read(value: unknown): { readonly rules: unknown; readonly problems: readonly string[] } {
  const place = new Place("binding");
  const rules = readBinding(value, place);
  const nonce = rules?.dpop?.nonce;
  const shown = rules && {
    ...rules,
    dpop: rules.dpop && {
      ...rules.dpop,
      algorithms: rules.dpop.algorithms.map(({ name }) => name),
      nonce: nonce && { ...nonce, secrets: nonce.secrets.map(({ length }) => length) },
    },
  };
  return { rules: shown, problems: place.problems.map(({ path, problem }) => `${path}: ${problem}`) };
}

const DEFAULTS = {
  dpop: {
    algorithms: ["ES256", "PS256", "Ed25519", "EdDSA"],
    maxAgeSeconds: 60,
    clockToleranceSeconds: 10,
    nonce: undefined,
  },
  mtls: true,
  acceptsUnbound: true,
};

const SECRET = Buffer.alloc(32, 7).toString("base64url");

describe("the options of bound tokens", () => {
  test("have a default for everything", () => {
    for (const value of [undefined, "required", {}, { dpop: {} }]) {
      assert.deepEqual(read(value), { rules: DEFAULTS, problems: [] });
    }
  });

  test("leave the proof to the caller where unchecked", () => {
    assert.deepEqual(read("unchecked"), { rules: undefined, problems: [] });
  });

  test("refuse a way of binding, or what is not bound", () => {
    assert.deepEqual(read({ dpop: "refused", mtls: "refused", unbound: "refused" }), {
      rules: { dpop: undefined, mtls: false, acceptsUnbound: false },
      problems: [],
    });
    assert.deepEqual(read({ mtls: "accepted", unbound: "accepted" }), { rules: DEFAULTS, problems: [] });
  });

  test("set the bounds of proofs", () => {
    const dpop = { algorithms: ["ES384", "ES384"], maxAgeSeconds: 600, clockToleranceSeconds: 0, nonce: {} };
    assert.deepEqual(read({ dpop }), {
      rules: {
        ...DEFAULTS,
        dpop: { ...dpop, algorithms: ["ES384"], nonce: { secrets: [32], stepSeconds: 60 } },
      },
      problems: [],
    });
  });

  test("take secrets for nonces as base64url and as octets", () => {
    const secrets = [{ base64url: SECRET }, { bytes: Buffer.alloc(1024, 1) }];
    const { rules, problems } = read({ dpop: { nonce: { secrets, stepSeconds: 5 } } });
    assert.deepEqual(problems, []);
    assert.deepEqual((rules as typeof DEFAULTS).dpop.nonce, { secrets: [32, 1024], stepSeconds: 5 });
  });

  test("make another secret each time where none is given", () => {
    const [one, other] = [1, 2].map(
      () => readBinding({ dpop: { nonce: {} } }, new Place())?.dpop?.nonce?.secrets[0],
    );
    assert.notDeepEqual(one, other);
  });

  const wrong: readonly (readonly [value: unknown, problem: string])[] = [
    ["yes", "binding: expected an object, found a string"],
    [true, "binding: expected an object, found true"],
    [null, "binding: expected an object, found null"],
    [{ dpp: {} }, "binding.dpp: is no option"],
    [{ dpop: "off" }, "binding.dpop: expected an object, found a string"],
    [{ dpop: false }, "binding.dpop: expected an object, found false"],
    [{ mtls: true }, 'binding.mtls: expected "accepted" or "refused", found true'],
    [{ unbound: "yes" }, 'binding.unbound: expected "accepted" or "refused", found a string'],
    [
      { dpop: { algorithms: [] } },
      "binding.dpop.algorithms: expected at least one algorithm, found an empty array",
    ],
    [
      { dpop: { algorithms: "ES256" } },
      "binding.dpop.algorithms: expected at least one algorithm, found a string",
    ],
    [
      { dpop: { algorithms: ["HS256"] } },
      "binding.dpop.algorithms[0]: is no algorithm that proofs can be signed with",
    ],
    [
      { dpop: { algorithms: ["ES256", "none"] } },
      "binding.dpop.algorithms[1]: is no algorithm that proofs can be signed with",
    ],
    [
      { dpop: { algorithms: [1] } },
      "binding.dpop.algorithms[0]: is no algorithm that proofs can be signed with",
    ],
    [{ dpop: { maxAgeSeconds: 0 } }, "binding.dpop.maxAgeSeconds: expected a number from 1 to 600, found 0"],
    [
      { dpop: { maxAgeSeconds: 601 } },
      "binding.dpop.maxAgeSeconds: expected a number from 1 to 600, found 601",
    ],
    [
      { dpop: { clockToleranceSeconds: -1 } },
      "binding.dpop.clockToleranceSeconds: expected a number from 0 to 60, found -1",
    ],
    [
      { dpop: { clockToleranceSeconds: 61 } },
      "binding.dpop.clockToleranceSeconds: expected a number from 0 to 60, found 61",
    ],
    [{ dpop: { nonce: true } }, "binding.dpop.nonce: expected an object, found true"],
    [
      { dpop: { nonce: { stepSeconds: 4 } } },
      "binding.dpop.nonce.stepSeconds: expected a whole number from 5 to 3600, found 4",
    ],
    [
      { dpop: { nonce: { stepSeconds: 3601 } } },
      "binding.dpop.nonce.stepSeconds: expected a whole number from 5 to 3600, found 3601",
    ],
    [
      { dpop: { nonce: { secrets: [] } } },
      "binding.dpop.nonce.secrets: expected an array of 1 to 4 { base64url } or { bytes }, found an empty array",
    ],
    [
      { dpop: { nonce: { secrets: Array(5).fill({ base64url: SECRET }) } } },
      "binding.dpop.nonce.secrets: expected an array of 1 to 4 { base64url } or { bytes }, found an array",
    ],
    [
      { dpop: { nonce: { secrets: [SECRET] } } },
      "binding.dpop.nonce.secrets[0]: expected an object with `base64url` or `bytes`, never bare text",
    ],
    [
      { dpop: { nonce: { secrets: [{ bytes: new Uint8Array(31) }] } } },
      "binding.dpop.nonce.secrets[0]: expected 32 to 1024 octets, found 31",
    ],
    [
      { dpop: { nonce: { secrets: [{ bytes: new Uint8Array(1025) }] } } },
      "binding.dpop.nonce.secrets[0]: expected 32 to 1024 octets, found 1025",
    ],
  ];
  for (const [value, problem] of wrong) {
    test(`tell what is wrong: ${problem}`, () => assert.deepEqual(read(value).problems, [problem]));
  }
});
