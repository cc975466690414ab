import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { EventKind } from "../../src/status/event-checks.ts";
import { createTestClock, createTestIssuer, type TestIssuer } from "../../src/testing/index.ts";
import { ConfigurationError } from "../../src/validator/configuration-error.ts";
import { createEventVerifier, type EventIssuerOptions } from "../../src/validator/create-event-verifier.ts";
import { createValidator } from "../../src/validator/create-validator.ts";

const LOGOUT = "http://schemas.openid.net/event/backchannel-logout";
const REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const RECEIVER = "https://api.test";

type Changes = Readonly<Record<string, unknown>>;

interface Kind {
  readonly kind: EventKind;
  readonly typ: string;
  readonly claims: Changes;
}

const GOOD: readonly Kind[] = [
  { kind: "logout", typ: "logout+jwt", claims: { sub: "alice", sid: "s1", events: { [LOGOUT]: {} } } },
  {
    kind: "security_event",
    typ: "secevent+jwt",
    claims: {
      sub: undefined,
      exp: undefined,
      sub_id: { format: "iss_sub", iss: "https://issuer.test/", sub: "alice" },
      events: { [REVOKED]: { event_timestamp: 1 } },
    },
  },
];

const clock = createTestClock();

function sign(
  issuer: TestIssuer,
  good: Kind,
  changes: Changes = {},
  typ: string | null = good.typ,
): Promise<string> {
  const bare = { client_id: undefined, scope: undefined, nbf: undefined, jti: "e1", aud: RECEIVER };
  const claims = { ...bare, ...good.claims, ...changes } as Parameters<TestIssuer["sign"]>[0];
  return issuer.sign(claims, { header: { typ: typ ?? undefined } });
}

function trust(issuer: TestIssuer, changes: Partial<EventIssuerOptions> = {}): EventIssuerOptions {
  const { keys } = issuer.validatorOptions();
  return { issuer: issuer.issuer, audiences: [RECEIVER], keys, ...changes };
}

async function judge(kind: EventKind, text: string, trusted: readonly EventIssuerOptions[]): Promise<string> {
  const verifier = createEventVerifier({ kind, issuers: trusted, clock });
  try {
    const verdict = await verifier.verify(text);
    return verdict.ok ? `ok ${String(verdict.event.claims["jti"])}` : verdict.reason;
  } finally {
    await verifier.close();
  }
}

/** What is wrong, by reason. */
const BAD: Readonly<Record<EventKind, readonly (readonly [string, Changes, string])[]>> = {
  logout: [
    ["claim_missing", { events: undefined }, "no events"],
    ["claim_invalid", { events: {} }, "empty events"],
    ["claim_invalid", { events: [LOGOUT] }, "events as a list"],
    ["claim_invalid", { events: LOGOUT }, "events as a text"],
    ["claim_missing", { iss: undefined }, "no iss"],
    ["claim_invalid", { events: { [LOGOUT]: true } }, "an event that is no object"],
    ["claim_invalid", { events: { [REVOKED]: {} } }, "another event"],
    ["claim_invalid", { nonce: "n" }, "a nonce"],
    ["claim_missing", { jti: undefined }, "no jti"],
    ["claim_missing", { iat: undefined }, "no iat"],
    ["claim_missing", { exp: undefined }, "no exp"],
    ["claim_missing", { aud: undefined }, "no aud"],
    ["claim_missing", { sub: undefined, sid: undefined }, "neither sub nor sid"],
    ["claim_invalid", { sid: "" }, "an empty sid"],
    ["claim_invalid", { sub: 7 }, "a sub that is no text"],
    ["audience_mismatch", { aud: "another" }, "another audience"],
    ["issuer_untrusted", { iss: "https://other.test/" }, "another issuer"],
    ["token_expired", { iat: 1, exp: 2 }, "exp in the past"],
    [
      "issued_in_future",
      { iat: Math.floor(clock() / 1000) + 3600, exp: Math.floor(clock() / 1000) + 3700 },
      "iat to come",
    ],
  ],
  security_event: [
    ["claim_missing", { events: undefined }, "no events"],
    ["claim_invalid", { events: {} }, "empty events"],
    ["claim_invalid", { events: { "no uri": {} } }, "an event that is no URI"],
    ["claim_invalid", { events: { [REVOKED]: null } }, "an event that is no object"],
    ["claim_invalid", { events: { [REVOKED]: {}, "no uri": {} } }, "one good event and one that is no URI"],
    [
      "claim_invalid",
      { events: { [REVOKED]: {}, "urn:e:2": 5 } },
      "one good event and one that is no object",
    ],
    ["claim_invalid", { events: [{}] }, "events as a list"],
    ["claim_invalid", { events: REVOKED }, "events as a text"],
    ["claim_invalid", { events: { [`urn:${"e".repeat(509)}`]: {} } }, "an event with a name too long"],
    ["claim_invalid", { nonce: "n" }, "a nonce"],
    ["claim_missing", { iss: undefined }, "no iss"],
    ["issuer_untrusted", { iss: "https://other.test/" }, "another issuer"],
    ["issued_in_future", { iat: Math.floor(clock() / 1000) + 3600 }, "iat to come"],
    [
      "claim_invalid",
      { events: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`urn:e:${index}`, {}])) },
      "too many events",
    ],
    ["claim_invalid", { exp: Math.floor(clock() / 1000) + 60 }, "exp"],
    ["claim_invalid", { sub: "alice" }, "a top-level sub"],
    ["claim_missing", { sub_id: undefined }, "no sub_id"],
    ["claim_missing", { jti: undefined }, "no jti"],
    ["claim_missing", { iat: undefined }, "no iat"],
    ["claim_missing", { aud: undefined }, "no aud"],
    ["audience_mismatch", { aud: ["another"] }, "another audience"],
  ],
};

/** What is as good as the rest. */
const ALSO_GOOD: Readonly<Record<EventKind, readonly (readonly [Changes, string])[]>> = {
  logout: [
    [{ sub: undefined }, "a session alone"],
    [{ sid: undefined }, "a subject alone"],
    [{ events: { [LOGOUT]: {}, "urn:e:2": {} } }, "another event beside"],
    [{ aud: ["another", RECEIVER] }, "another audience beside"],
  ],
  security_event: [
    [
      { events: Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`urn:e:${index}`, {}])) },
      "as many events as there may be",
    ],
    [{ events: { [`urn:${"e".repeat(508)}`]: {} } }, "an event with the longest name"],
    [{ aud: ["another", RECEIVER] }, "another audience beside"],
  ],
};

for (const good of GOOD) {
  const { kind } = good;
  describe(`an event of kind ${kind}`, () => {
    it("is believed where everything is right", async () => {
      const issuer = await createTestIssuer({ clock });
      assert.equal(await judge(kind, await sign(issuer, good), [trust(issuer)]), "ok e1");
    });

    for (const [reason, changes, what] of BAD[kind]) {
      it(`is refused as ${reason} with ${what}`, async () => {
        const issuer = await createTestIssuer({ clock });
        assert.equal(await judge(kind, await sign(issuer, good, changes), [trust(issuer)]), reason);
      });
    }

    for (const [changes, what] of ALSO_GOOD[kind]) {
      it(`is believed with ${what}`, async () => {
        const issuer = await createTestIssuer({ clock });
        assert.equal(await judge(kind, await sign(issuer, good, changes), [trust(issuer)]), "ok e1");
      });
    }

    it("has its own typ, and no other unless the configuration says so", async () => {
      const issuer = await createTestIssuer({ clock });
      for (const typ of [
        "JWT",
        "at+jwt",
        "dpop+jwt",
        null,
        GOOD.find((other) => other !== good)?.typ ?? "",
      ]) {
        assert.equal(await judge(kind, await sign(issuer, good, {}, typ), [trust(issuer)]), "type_mismatch");
      }
      for (const typ of ["JWT", null]) {
        const text = await sign(issuer, good, {}, typ);
        assert.equal(await judge(kind, text, [trust(issuer, { types: [good.typ, "JWT"] })]), "ok e1");
      }
    });

    it("is refused with the key of another issuer, a signature that is not its own, or none", async () => {
      const [issuer, other] = await Promise.all([createTestIssuer({ clock }), createTestIssuer({ clock })]);
      const text = await sign(issuer, good);
      assert.equal(await judge(kind, await sign(other, good), [trust(issuer)]), "key_unknown");
      const bare = { client_id: undefined, scope: undefined, jti: "e1", aud: RECEIVER };
      const header = { typ: good.typ, kid: issuer.key().keyId };
      const forged = await other.sign({ ...bare, ...good.claims }, { header });
      assert.equal(await judge(kind, forged, [trust(issuer)]), "signature_invalid");
      assert.equal(
        await judge(kind, `${text.slice(0, text.lastIndexOf("."))}.`, [trust(issuer)]),
        "signature_invalid",
      );
    });

    it("is believed of the age that is allowed only", async () => {
      const issuer = await createTestIssuer({ clock });
      const iat = Math.floor(clock() / 1000) - 700;
      const text = await sign(issuer, good, { iat });
      assert.equal(await judge(kind, text, [trust(issuer)]), "ok e1");
      assert.equal(await judge(kind, text, [trust(issuer, { maxAgeSeconds: 600 })]), "token_too_old");
    });

    it("never passes as an access token", async () => {
      const issuer = await createTestIssuer({ clock });
      const validator = createValidator({
        issuers: [{ ...issuer.validatorOptions(), types: [good.typ], expiry: "unchecked" }],
        clock,
      });
      const verdict = await validator.validate(await sign(issuer, good));
      assert.equal(verdict.ok ? "ok" : verdict.reason, "type_mismatch");
      await validator.close();
    });

    it("is judged by keys that are fetched when they are needed, and not at all while they are away", async () => {
      const issuer = await createTestIssuer({ clock, serve: true });
      const { keys } = issuer.validatorOptions("jwksUri");
      const trusted = [trust(issuer, { keys })];
      try {
        const text = await sign(issuer, good);
        assert.equal(await judge(kind, text, trusted), "ok e1");
        await issuer.close();
        assert.equal(await judge(kind, text, trusted), "keys_unavailable");
      } finally {
        await issuer.close();
      }
    });

    it("is refused beyond its length, and whatever it is if it is none", async () => {
      const issuer = await createTestIssuer({ clock });
      const text = await sign(issuer, good, { pad: "x".repeat(20_000) });
      assert.equal(await judge(kind, text, [trust(issuer)]), "token_too_large");
      assert.equal(await judge(kind, "", [trust(issuer)]), "malformed_token");
      assert.throws(() => createEventVerifier({ kind, issuers: [] }), ConfigurationError);
    });
  });
}
