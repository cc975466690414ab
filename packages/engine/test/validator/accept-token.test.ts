/** What comes after the signature: binding, revocation, and last what uses something up. */

import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import {
  createValidator,
  MemoryReplayStore,
  MemoryRevocationList,
  type ReplayStore,
  type RevocationList,
  type ValidationContext,
  type Validator,
  type ValidatorOptions,
  type Verdict,
} from "countersign";
import {
  createDpopClient,
  createTestClock,
  createTestIssuer,
  TEST_PROOF_NAMES,
  TEST_PROOFS,
} from "countersign/testing";

const NOW_SECONDS = 1_700_000_000;
const clock = createTestClock(NOW_SECONDS * 1000);
const issuer = await createTestIssuer({ algorithms: ["ES256"], clock });
const client = await createDpopClient({ clock });
const request = { method: "GET", url: "https://api.test/orders" };
const bound = { cnf: { jkt: client.jkt } };

function open(options: Partial<ValidatorOptions> = {}): Validator {
  return createValidator({ issuers: [issuer.validatorOptions()], clock, ...options });
}

function nameVerdict(verdict: Verdict): string {
  return verdict.ok ? "ok" : verdict.reason;
}

async function present(
  token: string,
  others: ValidationContext = {},
  provedUrl: string = request.url,
): Promise<ValidationContext> {
  const proofs = [await client.prove({ ...request, url: provedUrl, token })];
  return { ...others, presentation: { scheme: "DPoP", proofs, ...request } };
}

/** Notes what is used, and answers as it is told for proofs and for tokens. */
interface NotedStore extends ReplayStore {
  readonly used: string[];
}

function noteUses(answers: { readonly proof?: "seen"; readonly token?: "seen" } = {}): NotedStore {
  const used: string[] = [];
  return {
    used,
    use: async (key) => {
      const kind = key.startsWith("dpop:") ? "proof" : "token";
      used.push(kind);
      return answers[kind] ?? "first";
    },
  };
}

const NOTHING_REVOKED: RevocationList = { find: () => undefined, isFresh: () => true };
const ALL_REVOKED: RevocationList = { find: () => "revoked", isFresh: () => true };
const STALE: RevocationList = { find: () => undefined, isFresh: () => false };

for (const isRemembered of [false, true]) {
  /** A token, presented so often before that its signature is remembered, or never. */
  const prepare = async (validator: Validator, claims: object, omit: string[] = []): Promise<string> => {
    const token = await issuer.sign({ ...claims }, { omit });
    for (let visit = 0; isRemembered && visit < 3; visit++) await validator.validate(token);
    return token;
  };

  describe(`a token ${isRemembered ? "whose signature is remembered" : "that comes first"}`, () => {
    interface Row {
      readonly name: string;
      readonly expected: string;
      readonly used: readonly string[];
      readonly revocations?: RevocationList;
      readonly answers?: { readonly proof?: "seen"; readonly token?: "seen" };
      readonly omit?: string[];
      readonly url?: string;
      readonly context?: ValidationContext;
    }
    const once = { singleUse: true, revocationFreshness: "required" } as const;
    const rows: readonly Row[] = [
      { name: "all is well", expected: "ok", used: ["proof", "token"], context: once },
      { name: "its proof alone is used up", expected: "ok", used: ["proof"] },
      {
        name: "the proof is for another URL, whatever else is wrong",
        expected: "dpop_proof_invalid",
        used: [],
        url: "https://api.test/other",
        revocations: ALL_REVOKED,
        answers: { proof: "seen", token: "seen" },
        context: once,
      },
      {
        name: "it is revoked, whatever else is wrong after that",
        expected: "token_revoked",
        used: [],
        revocations: ALL_REVOKED,
        answers: { proof: "seen", token: "seen" },
        omit: ["jti"],
        context: once,
      },
      {
        name: "the revocations are stale and must not be",
        expected: "revocation_unavailable",
        used: [],
        revocations: STALE,
        context: once,
      },
      { name: "the revocations may be stale", expected: "ok", used: ["proof"], revocations: STALE },
      {
        name: "it is for one use and has no jti",
        expected: "claim_missing",
        used: [],
        omit: ["jti"],
        context: once,
      },
      {
        name: "its proof was used before: then it is not used itself",
        expected: "dpop_proof_invalid",
        used: ["proof"],
        answers: { proof: "seen" },
        context: once,
      },
      {
        name: "it was used before",
        expected: "token_replayed",
        used: ["proof", "token"],
        answers: { token: "seen" },
        context: once,
      },
    ];
    for (const row of rows) {
      test(`is answered ${row.expected} where ${row.name}`, async () => {
        const replay = noteUses(row.answers);
        const validator = open({ replay, revocations: row.revocations ?? NOTHING_REVOKED });
        const token = await prepare(validator, bound, row.omit);
        const context = await present(token, row.context, row.url);
        const verdict = await validator.validate(token, context);
        assert.equal(nameVerdict(verdict), row.expected);
        assert.deepEqual(replay.used, row.used);
      });
    }

    for (const name of TEST_PROOF_NAMES) {
      const { make, expected } = TEST_PROOFS[name];
      test(`is answered ${expected} with the ready-made proof ${name}, and used only if accepted`, async () => {
        const replay = noteUses();
        const validator = open({ replay });
        const token = await prepare(validator, bound);
        const proofs = [await make({ client, request: { ...request, token } })];
        const context: ValidationContext = {
          presentation: { scheme: "DPoP", proofs, ...request },
          singleUse: true,
        };
        assert.equal(nameVerdict(await validator.validate(token, context)), expected);
        assert.deepEqual(replay.used, expected === "ok" ? ["proof", "token"] : []);
      });
    }

    test("for one use passes once of a hundred at once", async () => {
      const validator = open();
      const token = await prepare(validator, {});
      const verdicts = await Promise.all(
        Array.from({ length: 100 }, () => validator.validate(token, { singleUse: true })),
      );
      const names = verdicts.map(nameVerdict);
      assert.equal(names.filter((name) => name === "ok").length, 1);
      assert.equal(names.filter((name) => name === "token_replayed").length, 99);
      assert.equal(nameVerdict(await validator.validate(token)), "ok", "whoever asks for no single use");
    });

    test("for one use passes once at all validators that share a store", async () => {
      const replay = new MemoryReplayStore({ clock });
      const validators = [open({ replay }), open({ replay })];
      const token = await prepare(validators[0] as Validator, {});
      const verdicts = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          (validators[index % 2] as Validator).validate(token, { singleUse: true }),
        ),
      );
      assert.equal(verdicts.filter(({ ok }) => ok).length, 1);
    });

    test("for one use is known by its jti, not by its text", async () => {
      const validator = open();
      const token = await prepare(validator, { jti: "the-one" });
      const twin = await issuer.sign({ jti: "the-one", scope: "other" });
      assert.equal(nameVerdict(await validator.validate(token, { singleUse: true })), "ok");
      assert.equal(nameVerdict(await validator.validate(twin, { singleUse: true })), "token_replayed");
    });

    test("is judged again after the store has answered", async () => {
      const list = new MemoryRevocationList({ clock });
      const changes: readonly (readonly [string, () => void])[] = [
        ["token_expired", () => clock.advance({ seconds: 331 })],
        [
          "token_revoked",
          () =>
            list.add({
              target: { kind: "token", issuer: issuer.issuer, value: "late" },
              status: "revoked",
              expiresAtMs: clock.now + 1e6,
            }),
        ],
      ];
      for (const [expected, change] of changes) {
        const store: ReplayStore = {
          use: async () => {
            change();
            return "first";
          },
        };
        const validator = open({ replay: store, revocations: list });
        const token = await prepare(validator, { jti: "late" });
        assert.equal(nameVerdict(await validator.validate(token, { singleUse: true })), expected);
        clock.set(NOW_SECONDS * 1000);
      }
    });

    test("is not used up by who explains, and neither is its proof", async () => {
      const replay = noteUses();
      const validator = open({ replay, revocations: NOTHING_REVOKED });
      const token = await prepare(validator, bound);
      const context = await present(token, { singleUse: true, revocationFreshness: "required" });
      const explanation = await validator.explain(token, context);
      assert.deepEqual(replay.used, []);
      assert.equal(explanation.verdict.ok, true);
      const steps = explanation.steps.map(({ name, outcome }) => `${name} ${outcome}`);
      assert.deepEqual(steps.slice(-4), [
        "signature passed",
        "cnf passed",
        "revocation passed",
        "jti passed",
      ]);
      assert.equal(nameVerdict(await validator.validate(token, context)), "ok");
      assert.deepEqual(replay.used, ["proof", "token"]);
    });
  });
}

describe("revocations that have to be fresh", () => {
  const required: ValidationContext = { revocationFreshness: "required" };

  test("are unavailable, as a fault of ours, where there is no list", async () => {
    const validator = open();
    const token = await issuer.sign();
    const verdict = await validator.validate(token, required);
    assert.ok(!verdict.ok);
    assert.deepEqual([verdict.reason, verdict.fault], ["revocation_unavailable", "system"]);
    assert.equal(nameVerdict(await validator.validate(token)), "ok");
    const step = (await validator.explain(token, required)).steps.at(-1);
    assert.deepEqual(
      [step?.name, step?.outcome, step?.reason],
      ["revocation", "failed", "revocation_unavailable"],
    );
  });

  test("are unavailable until the list is confirmed, and again when that was too long ago", async () => {
    const list = new MemoryRevocationList({ clock, maxStaleSeconds: 60 });
    const validator = open({ revocations: list });
    const token = await issuer.sign();
    const ask = async (): Promise<string> => nameVerdict(await validator.validate(token, required));
    for (let visit = 0; visit < 3; visit++) assert.equal(await ask(), "revocation_unavailable");
    list.confirm(list.now());
    for (let visit = 0; visit < 3; visit++) assert.equal(await ask(), "ok");
    clock.advance({ seconds: 60 });
    assert.equal(await ask(), "ok");
    clock.advance({ seconds: 1 });
    assert.equal(await ask(), "revocation_unavailable");
    assert.equal(nameVerdict(await validator.validate(token)), "ok");
    clock.set(NOW_SECONDS * 1000);
  });

  test("that throw let nothing pass", async () => {
    const broken = (): never => {
      throw new Error("broken");
    };
    const validator = open({ revocations: { find: broken, isFresh: broken } });
    const token = await issuer.sign();
    for (let visit = 0; visit < 4; visit++) {
      assert.equal(nameVerdict(await validator.validate(token)), "internal_error");
      assert.equal(nameVerdict(validator.validateSync(token)), "internal_error");
    }
  });
});

describe("a store of uses for one validation", () => {
  test("stands in for the validator's, and a rehearsal uses nothing up in it", async () => {
    const [own, other] = [noteUses(), noteUses()];
    const validator = open({ replay: own });
    const token = await issuer.sign(bound);
    const context = await present(token, { singleUse: true, replay: other });
    assert.equal(nameVerdict((await validator.explain(token, context)).verdict), "ok");
    assert.deepEqual([own.used, other.used], [[], []]);
    assert.equal(nameVerdict(await validator.validate(token, context)), "ok");
    assert.deepEqual([own.used, other.used], [[], ["proof", "token"]]);
  });
});

describe("who is asked before a token is used up", () => {
  test("sees what would be accepted, and a refusal of theirs uses nothing up", async () => {
    const store = noteUses();
    const validator = open({ replay: store });
    const token = await issuer.sign(bound);
    const other = await validator.validate("no token");
    assert.ok(!other.ok);
    const seen: string[] = [];
    const context = await present(token, {
      singleUse: true,
      beforeUse: ({ token: { claims } }) => {
        seen.push(String(claims.iss));
        return other;
      },
    });
    assert.equal(await validator.validate(token, context), other);
    assert.deepEqual([seen, store.used], [[issuer.issuer], []]);
    const allowed = await validator.validate(token, { ...context, beforeUse: async () => undefined });
    assert.equal(nameVerdict(allowed), "ok");
    assert.deepEqual(store.used, ["proof", "token"]);
  });

  test("lets nothing pass by throwing", async () => {
    const store = noteUses();
    const beforeUse = (): never => {
      throw new Error("defect");
    };
    const verdict = await open({ replay: store }).validate(await issuer.sign(), {
      singleUse: true,
      beforeUse,
    });
    assert.deepEqual([nameVerdict(verdict), store.used], ["internal_error", []]);
  });

  test("has half a minute, and then nobody passes", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const store = noteUses();
    const never = new Promise<undefined>(() => undefined);
    let asked = (): void => undefined;
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const verdict = open({ replay: store }).validate(await issuer.sign(), {
      singleUse: true,
      beforeUse: () => {
        asked();
        return never;
      },
    });
    try {
      await isAsked;
      mock.timers.tick(30_000);
      assert.deepEqual([nameVerdict(await verdict), store.used], ["policy_unavailable", []]);
    } finally {
      // Not every runtime's tests reset what a test has mocked.
      mock.timers.reset();
    }
  });

  test("is not asked where nothing is used up", async () => {
    const beforeUse = (): never => {
      throw new Error("asked");
    };
    assert.equal(nameVerdict(await open().validate(await issuer.sign(), { beforeUse })), "ok");
  });
});

describe("a store of uses", () => {
  /** What a promise has come to by now; undefined where it has not. */
  function lookAt<T>(promise: Promise<T>): Promise<T | undefined> {
    return Promise.race([promise, new Promise<undefined>((resolve) => setImmediate(resolve, undefined))]);
  }

  test("that hangs is waited for a second, and then nobody passes", async () => {
    let asked = 0;
    const use = (): Promise<"first"> => {
      asked++;
      return new Promise(() => undefined);
    };
    const validator = open({ replay: { use } });
    const token = await issuer.sign();
    const boundToken = await issuer.sign(bound);
    const contexts: readonly (readonly [string, ValidationContext])[] = [
      [token, { singleUse: true }],
      [boundToken, await present(boundToken)],
    ];
    for (const [text] of contexts) for (let visit = 0; visit < 3; visit++) await validator.validate(text);
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      for (const [text, context] of contexts) {
        const before = asked;
        const answer = Promise.resolve(validator.judge(text, context));
        // The proof may be verified beside this thread.
        for (let turn = 0; turn < 10_000 && asked === before; turn++) await new Promise(setImmediate);
        assert.equal(asked, before + 1);
        mock.timers.tick(999);
        assert.equal(await lookAt(answer), undefined, "still waiting");
        mock.timers.tick(1);
        const verdict = await lookAt(answer);
        assert.ok(verdict !== undefined && !verdict.ok);
        assert.deepEqual([verdict.reason, verdict.retryAfterSeconds], ["replay_store_unavailable", 1]);
      }
    } finally {
      mock.timers.reset();
    }
  });

  test("that fails or babbles lets nobody pass", async () => {
    const stores: readonly ReplayStore["use"][] = [
      () => Promise.reject(new Error("gone")),
      () => {
        throw new Error("gone");
      },
      () => Promise.resolve("ok" as "first"),
      () => "first" as unknown as Promise<"first">,
    ];
    for (const [index, use] of stores.entries()) {
      const verdict = await open({ replay: { use } }).validate(await issuer.sign(), { singleUse: true });
      // An answer that comes without a promise is an answer.
      assert.equal(nameVerdict(verdict), index === 3 ? "ok" : "replay_store_unavailable");
    }
  });
});
