/** What is remembered is never seen in a verdict: with and without the cache they agree at every step (oracle N6). */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import {
  createValidator,
  type EngineEvent,
  MemoryRevocationList,
  type Validator,
  type ValidatorOptions,
} from "countersign";
import { createTestClock, type TestClock } from "countersign/testing";
import fc from "fast-check";
import { fuzzRuns } from "../kit/fuzz-runs.ts";
import { makeToken } from "../kit/raw-token.ts";
import { AUDIENCE, createClaims, ISSUER, NOW_SECONDS } from "../kit/scene.ts";
import { createSigningKey } from "../kit/signing-key.ts";

/** Two kids, the first with other material in each of three generations. */
const KEYS = [
  createSigningKey("ES256", { keyId: "a" }),
  createSigningKey("ES256", { keyId: "a" }),
  createSigningKey("ES256", { keyId: "a" }),
  createSigningKey("ES256", { keyId: "b" }),
];

/** Each differs from the others in who or what it is, in when it passes, or in its key. */
const TOKENS: readonly string[] = [
  sign(0, { jti: "1", sub: "alice" }),
  sign(0, { jti: "2", sub: "bob", exp: NOW_SECONDS + 3000 }),
  sign(0, { jti: "3", sub: "bob", nbf: NOW_SECONDS + 100, exp: NOW_SECONDS + 900 }),
  sign(1, { jti: "4", sub: "alice", sid: "s", exp: NOW_SECONDS + 3000 }),
  sign(1, { jti: "5", client_id: "client-2", exp: NOW_SECONDS + 3000 }),
  sign(2, { jti: "6", sid: "s", exp: NOW_SECONDS + 3000 }),
  sign(3, { jti: "7", iat: undefined, exp: NOW_SECONDS + 3000 }),
  sign(3, { jti: "8", exp: NOW_SECONDS + 3000 }, undefined),
  sign(0, { jti: "9", exp: NOW_SECONDS + 3000 }, undefined),
];

function sign(index: number, claims: object, keyId: string | undefined = KEYS[index]?.keyId): string {
  const key = KEYS[index] as (typeof KEYS)[number];
  const header = { alg: "ES256", typ: "at+jwt", ...(keyId !== undefined && { kid: keyId }) };
  return makeToken({ header, payload: createClaims({ iat: NOW_SECONDS - 10, ...claims }), key });
}

type Step =
  | {
      readonly do: "present";
      readonly token: number;
      readonly times: number;
      readonly how: "validate" | "validateSync" | "judge";
      readonly freshness: "required" | "unchecked";
    }
  | { readonly do: "publish"; readonly keys: readonly number[] }
  | { readonly do: "fail"; readonly fails: boolean }
  | { readonly do: "advance"; readonly seconds: number }
  | { readonly do: "revoke" | "lift"; readonly target: number; readonly status: "revoked" | "suspended" }
  | { readonly do: "confirm" };

const TARGETS = [
  { kind: "token", issuer: ISSUER, value: "2" },
  { kind: "subject", issuer: ISSUER, value: "alice", issuedBeforeSeconds: NOW_SECONDS },
  { kind: "session", issuer: ISSUER, value: "s", issuedBeforeSeconds: NOW_SECONDS },
  { kind: "client", issuer: ISSUER, value: "client-2", issuedBeforeSeconds: NOW_SECONDS },
  { kind: "issuer", issuer: ISSUER, issuedBeforeSeconds: NOW_SECONDS - 20 },
  { kind: "issuer", issuer: ISSUER, issuedBeforeSeconds: NOW_SECONDS },
  { kind: "key", issuer: ISSUER, value: "a" },
] as const;

function steps(): fc.Arbitrary<Step> {
  const one = <T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name);
  return fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        do: one("present"),
        token: fc.nat(TOKENS.length - 1),
        times: fc.integer({ min: 1, max: 4 }),
        how: fc.constantFrom("validate" as const, "validateSync" as const, "judge" as const),
        freshness: fc.constantFrom("required" as const, "unchecked" as const, "unchecked" as const),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: one("publish"),
        keys: fc.constantFrom([0, 3], [1, 3], [2, 3], [0], [1], [3], [], [0, 1]),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: one("fail"), fails: fc.boolean() }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: one("advance"),
        seconds: fc.oneof(fc.constantFrom(1, 31, 61, 331), fc.integer({ min: -400, max: 700 })),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom("revoke" as const, "lift" as const),
        target: fc.nat(TARGETS.length - 1),
        status: fc.constantFrom("revoked" as const, "suspended" as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: one("confirm") }) },
  );
}

/** An issuer's keys as it publishes them now, and what the two validators make of them. */
interface World {
  readonly clock: TestClock;
  readonly list: MemoryRevocationList;
  readonly validators: readonly [cached: Validator, plain: Validator];
  /** Fetches by each. */
  readonly fetches: readonly [cached: number, plain: number];
  /** How often each outcome came of what is remembered. */
  readonly remembered: Map<string, number>;
  published: readonly number[];
  fails: boolean;
  /** Resolves once no fetch is under way. */
  settle(): Promise<void>;
}

function openWorld(remembered: Map<string, number>): World {
  const clock = createTestClock(NOW_SECONDS * 1000);
  const list = new MemoryRevocationList({ clock });
  const fetches: [number, number] = [0, 0];
  let ended = 0;
  const openValidator = (side: 0 | 1, signatureCache: ValidatorOptions["signatureCache"]): Validator =>
    createValidator({
      clock,
      revocations: list,
      ...(signatureCache !== undefined && { signatureCache }),
      observer: (event: EngineEvent) => {
        if (event.type === "keys_fetch_finished") ended++;
        if (event.type !== "validation_finished" || !event.remembered) return;
        assert.equal(side, 0, "remembered without a memory");
        remembered.set(event.reason, (remembered.get(event.reason) ?? 0) + 1);
      },
      fetch: async () => {
        fetches[side]++;
        if (world.fails) return new Response("", { status: 500 });
        return Response.json({ keys: world.published.map((index) => KEYS[index]?.publicJwk) });
      },
      issuers: [
        {
          issuer: ISSUER,
          audiences: [AUDIENCE],
          algorithms: ["ES256"],
          maxLifetimeSeconds: 3300,
          keys: {
            jwksUri: "https://issuer.example/jwks",
            maxRefreshSeconds: 300,
            maxStaleSeconds: 600,
            removalGraceSeconds: 120,
          },
        },
      ],
    });
  const world: World = {
    clock,
    list,
    fetches,
    remembered,
    published: [0, 3],
    fails: false,
    // Few entries, so that tokens push one another out as well.
    validators: [openValidator(0, { maxEntries: 5 }), openValidator(1, "off")],
    settle: async () => {
      do await new Promise(setImmediate);
      while (ended < fetches[0] + fetches[1]);
    },
  };
  return world;
}

async function runStep(world: World, step: Step): Promise<void> {
  const { clock, list } = world;
  switch (step.do) {
    case "present":
      for (let time = 0; time < step.times; time++) await present(world, step);
      break;
    case "publish":
      world.published = step.keys;
      break;
    case "fail":
      world.fails = step.fails;
      break;
    case "advance":
      clock.advance({ seconds: step.seconds });
      break;
    case "confirm":
      list.confirm(list.now());
      break;
    default: {
      const target = TARGETS[step.target] as (typeof TARGETS)[number];
      const { status } = step;
      if (step.do === "revoke") list.add({ target, status, expiresAtMs: (NOW_SECONDS + 5000) * 1000 });
      else list.lift({ target, status, remaining: undefined });
    }
  }
}

async function present(
  { validators, fetches, settle }: World,
  { token, how, freshness }: Extract<Step, { do: "present" }>,
): Promise<void> {
  const text = TOKENS[token] as string;
  const context = { revocationFreshness: freshness };
  const [cached, plain] = await Promise.all(
    validators.map(async (validator) =>
      how === "validateSync" ? validator.validateSync(text) : await validator[how](text, context),
    ),
  );
  assert.deepEqual(cached, plain);
  await settle();
  assert.equal(fetches[0], fetches[1], "fetches");
}

test("N6 validators with and without a signature cache agree on every verdict and fetch alike, whatever happens", async () => {
  // The jitter of refreshes is the only chance in a validator; both shall have the same.
  const random = mock.method(Math, "random", () => 0.5);
  const remembered = new Map<string, number>();
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(steps(), { minLength: 10, maxLength: 60 }), async (all) => {
        const world = openWorld(remembered);
        try {
          for (const step of all) await runStep(world, step);
        } finally {
          for (const validator of world.validators) await validator.close();
        }
      }),
      // A history is some hundred validations.
      { numRuns: Math.ceil(fuzzRuns(30_000) / 100) },
    );
  } finally {
    random.mock.restore();
  }
  // Without hits of every kind all of this would show nothing.
  for (const reason of [
    "ok",
    "signature_invalid",
    "token_revoked",
    "token_suspended",
    "revocation_unavailable",
  ]) {
    assert.ok((remembered.get(reason) ?? 0) > 5, `${reason} of ${JSON.stringify([...remembered])}`);
  }
});
