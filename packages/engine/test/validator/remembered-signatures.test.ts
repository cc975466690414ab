import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  createValidator,
  type EngineEvent,
  type IssuerOptions,
  MemoryRevocationList,
  type RevocationTarget,
  type Validator,
  type ValidatorOptions,
  type Verdict,
} from "countersign";
import { createTestClock, createTestIssuer } from "countersign/testing";
import { createLocalKey, NOW, options, signToken } from "./local-issuer.ts";

function nameVerdict(verdict: Verdict): string {
  return verdict.ok ? "ok" : verdict.reason;
}

interface Scene {
  readonly validator: Validator;
  /** "ok" or the reason, and "remembered" where that came of what is remembered. */
  ask(token: string): Promise<string>;
}

function openScene(changes: Partial<IssuerOptions> = {}, rest: Partial<ValidatorOptions> = {}): Scene {
  let told = false;
  const observer = (event: EngineEvent): void => {
    if (event.type === "validation_finished") told = event.remembered;
  };
  const validator = createValidator(options(changes, { ...rest, observer }));
  const ask = async (token: string): Promise<string> => {
    const name = nameVerdict(await validator.validate(token));
    return told ? `${name} remembered` : name;
  };
  return { validator, ask };
}

/** Presents a token until it is remembered. */
async function remember({ ask }: Scene, token: string, outcome: string = "ok"): Promise<void> {
  const answers = [await ask(token), await ask(token), await ask(token)];
  assert.deepEqual(answers, [outcome, outcome, `${outcome} remembered`]);
}

describe("a signature", () => {
  test("is remembered from the second time on that a token comes, and told so", async () => {
    await remember(openScene(), signToken());
    await remember(openScene(), signToken({}, { key: createLocalKey("first") }), "signature_invalid");
  });

  test("is remembered by every way to ask, for every way to ask", async () => {
    const { validator, ask } = openScene();
    const token = signToken();
    assert.equal(validator.validateSync(token).ok, true);
    assert.equal((await validator.verify(token)).claims.sub, "alice");
    assert.equal(await ask(token), "ok remembered");
  });

  test("is never remembered where that is off", async () => {
    const { ask } = openScene({}, { signatureCache: "off" });
    for (const token of [signToken(), signToken({}, { key: createLocalKey("first") })]) {
      for (let visit = 0; visit < 5; visit++) assert.doesNotMatch(await ask(token), /remembered/);
    }
  });

  test("is not remembered of a token that was refused before its signature was looked at", async () => {
    const { ask } = openScene();
    for (const token of [
      signToken({ exp: NOW - 100 }),
      signToken({ aud: "https://other.example" }),
      signToken({}, { header: { kid: "other" } }),
      "a.b.c",
      "",
    ]) {
      for (let visit = 0; visit < 4; visit++) assert.doesNotMatch(await ask(token), /^ok|remembered/);
    }
  });

  test("counts for the validator alone that checked it", async () => {
    const token = signToken();
    await remember(openScene(), token);
    assert.equal(await openScene().ask(token), "ok");
    assert.equal(await openScene({ audiences: ["https://other.example"] }).ask(token), "audience_mismatch");
    const { jwk } = createLocalKey("first");
    assert.equal(await openScene({ keys: { jwks: { keys: [jwk] } } }).ask(token), "signature_invalid");
  });

  test("of a token that says nearly the same is its own", async () => {
    const scene = openScene();
    const [first, second] = [signToken({ jti: "1" }), signToken({ jti: "2" })];
    await remember(scene, first);
    assert.equal(await scene.ask(second), "ok");
    const [header, payload] = signToken({ sub: "mallory" }).split(".");
    const [, , signature] = first.split(".");
    assert.equal(await scene.ask(`${header}.${payload}.${signature}`), "signature_invalid");
  });
});

describe("time", () => {
  const limits = { maxLifetimeSeconds: 1000, maxAgeSeconds: 500, clockToleranceSeconds: 30 };
  const rows: readonly (readonly [
    string,
    Record<string, unknown>,
    number,
    string,
    Partial<IssuerOptions>?,
  ])[] = [
    ["exp", { exp: NOW + 300 }, 330, "token_expired"],
    ["nbf", { nbf: NOW + 10 }, -21, "token_not_yet_valid"],
    ["iat", { iat: NOW }, -31, "issued_in_future"],
    ["the age", { iat: NOW - 10, exp: NOW + 900 }, 521, "token_too_old"],
    [
      "the lifetime without iat",
      { iat: undefined, exp: NOW + 900 },
      -131,
      "lifetime_exceeded",
      { maxLifetimeSeconds: 1000 },
    ],
  ];
  for (const [name, claims, offset, reason, rules = limits] of rows) {
    test(`is judged anew of a remembered token: ${name}`, async () => {
      let nowSeconds = NOW;
      const scene = openScene(rules, { clock: () => nowSeconds * 1000 });
      const [token, forged] = [signToken(claims), signToken(claims, { key: createLocalKey("first") })];
      await remember(scene, token);
      await remember(scene, forged, "signature_invalid");
      for (const one of [token, forged]) {
        nowSeconds = NOW + offset;
        assert.match(await scene.ask(one), new RegExp(`^${reason}`));
        assert.equal(nameVerdict(scene.validator.validateSync(one)), reason);
        nowSeconds = NOW;
        assert.match(await scene.ask(one), one === token ? /^ok/ : /^signature_invalid/);
      }
    });
  }

  test("that the clock does not give makes a fault of ours of a remembered token too", async () => {
    let nowMs = NOW * 1000;
    const scene = openScene({}, { clock: () => nowMs });
    const token = signToken();
    await remember(scene, token);
    nowMs = Number.NaN;
    assert.match(await scene.ask(token), /^internal_error/);
    nowMs = NOW * 1000;
    assert.match(await scene.ask(token), /^ok/);
  });
});

describe("a revocation", () => {
  const issuer = "https://idp.example.com/";
  const targets: readonly RevocationTarget[] = [
    { kind: "token", issuer, value: "t-1" },
    { kind: "subject", issuer, value: "alice", issuedBeforeSeconds: NOW },
    { kind: "session", issuer, value: "s-1", issuedBeforeSeconds: NOW },
    { kind: "client", issuer, value: "shop", issuedBeforeSeconds: NOW },
    { kind: "issuer", issuer, issuedBeforeSeconds: NOW },
    { kind: "key", issuer, value: "first" },
  ];
  for (const target of targets) {
    test(`of a ${target.kind} ends the use of a remembered token at once, and lifted lets it pass again`, async () => {
      const list = new MemoryRevocationList({ clock: () => NOW * 1000 });
      const scene = openScene({}, { revocations: list });
      const token = signToken({ jti: "t-1", sid: "s-1", client_id: "shop" });
      await remember(scene, token);
      for (const [status, reason] of [
        ["revoked", "token_revoked"],
        ["suspended", "token_suspended"],
      ] as const) {
        list.add({ target, status, expiresAtMs: (NOW + 3600) * 1000 });
        assert.equal(await scene.ask(token), `${reason} remembered`);
        assert.equal(nameVerdict(scene.validator.validateSync(token)), reason);
        list.lift({ target, status, remaining: undefined });
        assert.equal(await scene.ask(token), "ok remembered");
      }
    });
  }
});

describe("what a verdict hands out", () => {
  function collect(value: unknown, found: Set<object> = new Set()): Set<object> {
    if (typeof value !== "object" || value === null || found.has(value)) return found;
    found.add(value);
    for (const name of Reflect.ownKeys(value)) collect((value as Record<PropertyKey, unknown>)[name], found);
    return found;
  }

  test("cannot be changed by whom it is given to, at any depth, and is the same for all", async () => {
    const validator = createValidator(options());
    const token = signToken({
      scope: "read write",
      roles: ["user", "user"],
      scp: ["more"],
      act: { sub: "agent", list: [{ deep: [1] }] },
    });
    const first = await validator.validate(token);
    const before = structuredClone(first);
    for (let visit = 0; visit < 3; visit++) {
      const verdict = await validator.validate(token);
      assert.deepEqual(structuredClone(verdict), before);
      const parts = [...collect(verdict)];
      assert.ok(parts.length >= 10, `${parts.length} parts`);
      for (const part of parts) {
        assert.ok(Object.isFrozen(part));
        for (const name of [...Reflect.ownKeys(part), "admin", "0"]) {
          assert.equal(Reflect.set(part, name, "mallory"), false);
          assert.equal(Reflect.defineProperty(part, name, { value: 7 }), false);
        }
        assert.equal(Reflect.setPrototypeOf(part, { admin: true }), false);
        for (const name of Object.keys(part)) assert.equal(Reflect.deleteProperty(part, name), false);
      }
    }
  });

  test("cannot be changed of a refusal either", async () => {
    const validator = createValidator(options());
    const forged = signToken({}, { key: createLocalKey("first") });
    for (let visit = 0; visit < 3; visit++) {
      const verdict = await validator.validate(forged);
      assert.ok(Object.isFrozen(verdict));
      assert.throws(() => Object.assign(verdict, { ok: true }), TypeError);
      assert.equal(verdict.ok, false);
    }
  });

  test("of one token is never part of another's", async () => {
    const validator = createValidator(options());
    const verdicts: Verdict[] = [];
    for (const sub of ["alice", "bob"]) {
      const token = signToken({ sub, scope: "read write", act: { sub: "agent" } });
      for (let visit = 0; visit < 3; visit++) verdicts.push(await validator.validate(token));
    }
    for (const [index, verdict] of verdicts.entries()) {
      assert.ok(verdict.ok);
      const sub = index < 3 ? "alice" : "bob";
      assert.deepEqual([verdict.token.claims.sub, verdict.principal.subject], [sub, sub]);
    }
  });
});

describe("judge", () => {
  test("answers a remembered token without a promise, good or bad", async () => {
    const { validator, ask } = openScene();
    for (const token of [signToken(), signToken({}, { key: createLocalKey("first") })]) {
      for (let visit = 0; visit < 2; visit++) await ask(token);
      assert.ok(!(validator.judge(token) instanceof Promise));
    }
  });

  test("answers a remembered token without a promise also where its signature is checked beside this thread", async () => {
    const clock = createTestClock();
    const issuer = await createTestIssuer({ algorithms: ["ES384"], clock });
    const validator = createValidator({ issuers: [issuer.validatorOptions()], clock });
    const token = await issuer.sign();
    for (let visit = 0; visit < 2; visit++) assert.equal((await validator.validate(token)).ok, true);
    const verdict = validator.judge(token);
    assert.ok(!(verdict instanceof Promise) && verdict.ok);
  });

  test("never throws and never rejects", async () => {
    const broken = options({}, { clock: () => Number.NaN });
    assert.equal(nameVerdict(await createValidator(broken).judge(signToken())), "internal_error");
    const { validator } = openScene();
    for (const value of [undefined, null, 7, {}, "x", "..", "a.b"]) {
      const verdict = validator.judge(value as string);
      assert.ok(!(verdict instanceof Promise) && !verdict.ok);
    }
  });
});

test("bounds that are none are told with their places", () => {
  const rows: readonly (readonly [unknown, string])[] = [
    ["on", "signatureCache"],
    [true, "signatureCache"],
    [{ maxEntries: 0 }, "signatureCache.maxEntries"],
    [{ maxEntries: 1_000_001 }, "signatureCache.maxEntries"],
    [{ maxEntries: 1.5 }, "signatureCache.maxEntries"],
    [{ maxBytes: 65_535 }, "signatureCache.maxBytes"],
    [{ maxBytes: 2 ** 32 + 1 }, "signatureCache.maxBytes"],
    [{ entries: 5 }, "signatureCache.entries"],
  ];
  for (const [signatureCache, path] of rows) {
    const rest = { signatureCache } as Partial<ValidatorOptions>;
    assert.throws(() => createValidator(options({}, rest)), { path });
  }
  for (const signatureCache of [{}, "off", { maxEntries: 1, maxBytes: 65_536 }] as const) {
    createValidator(options({}, { signatureCache }));
  }
});
