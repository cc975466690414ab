import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EventVerdict, Revocation } from "countersign";

import { ApiError } from "../../src/admin/api/api-route.ts";
import type { TransmitterConfiguration } from "../../src/config/signals-configuration.ts";
import { EventReceiver } from "../../src/signals/event-receiver.ts";
import {
  type AppendResult,
  RevocationConflictError,
  StoreUnavailableError,
} from "../../src/stores/revocation-store.ts";
import type { SignalSample } from "../../src/telemetry/signal-metrics.ts";

const ISSUER = "https://id.test";
const NOW_SECONDS = 1_700_000_000;
const CAEP = "https://schemas.openid.net/secevent/caep/event-type/";
const REVOKED = `${CAEP}session-revoked`;
const VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification";
const ALICE = { format: "iss_sub", iss: ISSUER, sub: "alice" };

const TRANSMITTER: TransmitterConfiguration = {
  name: "own",
  issuer: "main",
  audiences: ["https://here.test"],
  opaque: "unknown",
  email: "unknown",
  criticalSubjectMembers: [],
  policy: {},
};

type Append = (revocation: Revocation) => AppendResult["outcome"];

/** A receiver of events that are good already, and what it revokes and counts. */
function open(
  options: {
    readonly transmitter?: Partial<TransmitterConfiguration>;
    readonly append?: Append;
    readonly verdict?: EventVerdict;
    readonly issuers?: readonly string[];
  } = {},
) {
  const appended: Revocation[] = [];
  const counted: Omit<SignalSample, "kind" | "source">[] = [];
  const told: string[] = [];
  const note = (fields: object, message: string): void =>
    void told.push(`${message} ${JSON.stringify(fields)}`);
  let verdict: EventVerdict | undefined;
  const receiver = new EventReceiver({
    transmitter: { ...TRANSMITTER, ...options.transmitter },
    verifier: { verify: async () => options.verdict ?? verdict ?? assert.fail("no event") },
    revocations: {
      store: {
        async append(revocations) {
          return revocations.map((revocation): AppendResult => {
            const outcome = options.append?.(revocation) ?? "added";
            appended.push(revocation);
            return { id: revocation.id, position: appended.length, outcome };
          });
        },
      },
    },
    issuers: () =>
      (options.issuers ?? [ISSUER]).map((issuer) => ({
        issuer,
        name: "main",
        audiences: ["a"],
        keys: { discovery: true },
      })),
    validator: () => assert.fail("no token is validated"),
    clock: () => NOW_SECONDS * 1000,
    logger: { info: note, warn: note, error: note },
    metrics: {
      recordSignal({ kind, source, ...sample }) {
        assert.deepEqual([kind, source], ["event", "own"]);
        counted.push(sample);
      },
    },
  });
  const take = (claims: object, delivery?: { readonly jti?: string }) => {
    const whole = {
      iss: ISSUER,
      jti: "e1",
      iat: NOW_SECONDS - 10,
      sub_id: ALICE,
      events: { [REVOKED]: {} },
      ...claims,
    };
    verdict = { ok: true, event: { claims: whole, issuer: "main" } } as unknown as EventVerdict;
    return receiver.take("text", delivery);
  };
  return { take, appended, counted, told };
}

const cutOff = ({ target }: Revocation): number | undefined => target.issuedBeforeSeconds;

describe("a receiver of security events", () => {
  it("takes the time of the event, of its statement, or of the token, whichever comes first", async () => {
    for (const [claims, expected] of [
      [{}, NOW_SECONDS - 10],
      [{ toe: NOW_SECONDS - 20 }, NOW_SECONDS - 20],
      [
        { toe: NOW_SECONDS - 20, events: { [REVOKED]: { event_timestamp: NOW_SECONDS - 30 } } },
        NOW_SECONDS - 30,
      ],
      [{ events: { [REVOKED]: { event_timestamp: NOW_SECONDS - 30.5 } } }, NOW_SECONDS - 31],
      [{ events: { [REVOKED]: { event_timestamp: 0 } } }, 0],
      // What is no time is passed over.
      [{ toe: -1, events: { [REVOKED]: { event_timestamp: "yesterday" } } }, NOW_SECONDS - 10],
      [{ toe: "x", events: { [REVOKED]: { event_timestamp: Number.POSITIVE_INFINITY } } }, NOW_SECONDS - 10],
      // What is to come revokes nothing that is to come.
      [{ events: { [REVOKED]: { event_timestamp: NOW_SECONDS + 3600 } } }, NOW_SECONDS],
    ] as const) {
      const { take, appended } = open();
      assert.equal(await take(claims), undefined);
      assert.deepEqual(appended.map(cutOff), [expected], JSON.stringify(claims));
    }
  });

  it("revokes a token by its id for good, whenever it was issued", async () => {
    const { take, appended } = open();
    await take({ sub_id: { format: "jwt_id", iss: ISSUER, jti: "t1" } });
    assert.deepEqual(
      appended.map(({ target }) => target),
      [{ kind: "token", issuer: ISSUER, value: "t1" }],
    );
  });

  it("says who revoked, and why, and gives every part of an event an id of its own", async () => {
    const { take, appended } = open();
    const identifiers = [ALICE, { format: "jwt_id", iss: ISSUER, jti: "t1" }];
    await take({
      sub_id: { format: "aliases", identifiers },
      events: { [REVOKED]: {}, [`${CAEP}token-claims-change`]: {} },
    });
    assert.equal(appended.length, 4);
    assert.equal(new Set(appended.map(({ id }) => id)).size, 4);
    const [first] = appended;
    assert.deepEqual(
      [first?.status, first?.actor, first?.reason],
      ["revoked", "transmitter own", "security event session-revoked"],
    );
    const again = open();
    await again.take({
      sub_id: { format: "aliases", identifiers },
      events: { [REVOKED]: {}, [`${CAEP}token-claims-change`]: {} },
    });
    assert.deepEqual(
      again.appended.map(({ id }) => id),
      appended.map(({ id }) => id),
    );
    for (const changes of [{ jti: "e2" }, { iss: "https://other.test" }]) {
      const other = open();
      await other.take({ ...changes, sub_id: ALICE });
      assert.ok(!appended.some(({ id }) => id === other.appended[0]?.id));
    }
  });

  it("counts what became of each", async () => {
    const taken = open();
    await taken.take({});
    await taken.take({ events: { [`${CAEP}session-established`]: {} } });
    await taken.take({ sub_id: { ...ALICE, iss: "https://other.test" } });
    await taken.take({ events: { [`${CAEP}session-established`]: {}, [REVOKED]: {} } });
    assert.deepEqual(
      taken.counted.map(({ outcome }) => outcome),
      ["revoked", "no_effect", "no_effect", "revoked"],
    );
    assert.equal(taken.appended.length, 2);
    const known = open({ append: () => "known" });
    await known.take({});
    await known.take({ events: { [REVOKED]: {}, [`${CAEP}session-established`]: {} } });
    assert.deepEqual(
      known.counted.map(({ outcome }) => outcome),
      ["repeated", "repeated"],
    );
  });

  it("takes an event that ends at another time now than when it came first for taken", async () => {
    const { take, counted } = open({
      append() {
        throw new RevocationConflictError("another");
      },
    });
    assert.equal(await take({}), undefined);
    assert.deepEqual(counted, [{ outcome: "repeated" }]);
  });

  it("throws where the store is away, so that the event comes again", async () => {
    let count = 0;
    const { take, counted } = open({
      append() {
        count += 1;
        if (count > 1) throw new StoreUnavailableError("away");
        return "added";
      },
    });
    const events = { [REVOKED]: {}, [`${CAEP}token-claims-change`]: {} };
    await assert.rejects(take({ events }), StoreUnavailableError);
    assert.deepEqual(counted, [{ outcome: "failed" }]);
  });

  it("throws where the keys are away, and refuses what is not good", async () => {
    const rejected = { ok: false, stage: "key", message: "m" } as const;
    const away = open({ verdict: { ...rejected, fault: "system", reason: "keys_unavailable" } });
    await assert.rejects(away.take({}), (error) => error instanceof ApiError && error.status === 503);
    assert.deepEqual(away.counted, [{ outcome: "failed" }]);
    for (const [reason, err] of [
      ["issuer_untrusted", "invalid_issuer"],
      ["audience_mismatch", "invalid_audience"],
      ["algorithm_not_allowed", "invalid_key"],
      ["key_unknown", "invalid_key"],
      ["key_unsuitable", "invalid_key"],
      ["signature_invalid", "authentication_failed"],
      ["claim_invalid", "invalid_request"],
    ] as const) {
      const bad = open({ verdict: { ...rejected, fault: "client", reason } });
      assert.deepEqual(await bad.take({}), { err, description: `${reason}: m` });
      assert.deepEqual(bad.counted, [{ outcome: "refused", reason }]);
      assert.equal(bad.appended.length, 0);
    }
  });

  it("throws where a reload took the issuer away", async () => {
    const { take, appended } = open({ issuers: [] });
    await assert.rejects(take({}), (error) => error instanceof ApiError && error.code === "issuer_unknown");
    assert.equal(appended.length, 0);
  });

  it("takes an event under its own jti only, where it comes under one", async () => {
    const { take, appended, counted } = open();
    assert.equal((await take({}, { jti: "another" }))?.err, "invalid_request");
    assert.equal(appended.length, 0);
    assert.equal(await take({}, { jti: "e1" }), undefined);
    assert.equal(await take({}, {}), undefined);
    assert.deepEqual(counted, [
      { outcome: "refused", reason: "claim_invalid" },
      { outcome: "revoked" },
      { outcome: "revoked" },
    ]);
  });

  it("takes a verification with the state that was asked for, or with none", async () => {
    const { take, counted, appended } = open({ transmitter: { verificationState: "asked" } });
    const verify = async (event: object): Promise<unknown> =>
      (await take({ events: { [VERIFICATION]: event } }))?.err;
    assert.equal(await verify({}), undefined);
    assert.equal(await verify({ state: "asked" }), undefined);
    assert.equal(await verify({ state: "other" }), "invalid_state");
    assert.deepEqual(counted, [
      { outcome: "no_effect" },
      { outcome: "no_effect" },
      { outcome: "refused", reason: "invalid_state" },
    ]);
    // Whatever else it says is not done either.
    assert.equal(
      (await take({ events: { [VERIFICATION]: { state: 5 }, [REVOKED]: {} } }))?.err,
      "invalid_state",
    );
    assert.equal(appended.length, 0);
    assert.equal((await open().take({ events: { [VERIFICATION]: { state: "x" } } }))?.err, "invalid_state");
  });

  it("tells of nobody by name, and of no event that only its sender knows", async () => {
    const { take, told } = open();
    await take({});
    await take({ events: { "https://sender.test/secret-event": {} } });
    await take({ sub_id: { format: "did", url: "did:x:alice" } });
    assert.equal(told.length, 3);
    assert.doesNotMatch(told.join("\n"), /alice|secret-event/);
  });
});
