/** Attacks by claims: other kinds of token, issuers, audiences, times (31, 32, 34 to 42). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigurationError, createValidator, type ReasonName } from "countersign";
import { testAttacks } from "../kit/attack-table.ts";
import { expectAcceptance, expectRefusal, expectRemembered } from "../kit/expect-verdict.ts";
import {
  AUDIENCE,
  type Claims,
  createClaims,
  createScene,
  describeIssuer,
  ISSUER,
  issuePayload,
  issueToken,
  NOW_SECONDS,
} from "../kit/scene.ts";

interface Kind {
  readonly name: string;
  /** Its registered media type. */
  readonly typ: string;
  readonly claims: Claims;
}

/** Tokens that the same issuer signs with the same key, as near to an access token as each can come. */
const KINDS: readonly Kind[] = [
  {
    name: "an ID token",
    typ: "JWT",
    claims: { nonce: "n-1", at_hash: "A".repeat(22), auth_time: NOW_SECONDS },
  },
  { name: "an ID token told by at_hash", typ: "JWT", claims: { at_hash: "A".repeat(22) } },
  { name: "an ID token told by token_use", typ: "JWT", claims: { token_use: "id" } },
  {
    name: "a logout token",
    typ: "logout+jwt",
    claims: { events: { "http://schemas.openid.net/event/backchannel-logout": {} }, sid: "s" },
  },
  {
    name: "a security event token",
    typ: "secevent+jwt",
    claims: { events: { "https://schemas.openid.net/secevent/caep/event-type/session-revoked": {} } },
  },
  {
    name: "a DPoP proof",
    typ: "dpop+jwt",
    claims: { htm: "GET", htu: "https://api.example/", ath: "A".repeat(43) },
  },
  {
    name: "an introspection response",
    typ: "token-introspection+jwt",
    claims: { token_introspection: { active: true } },
  },
  { name: "a client assertion", typ: "client-authentication+jwt", claims: { sub: ISSUER } },
  { name: "a status list", typ: "statuslist+jwt", claims: { status_list: { bits: 1, lst: "eNoDAAAAAAE" } } },
  { name: "a transaction token", typ: "txntoken+jwt", claims: { tctx: { a: 1 }, req_wl: "w", txn: "t" } },
];

testAttacks(
  "J31 a token of another kind, with its own typ, an older one, none, and an access token's",
  KINDS.flatMap(({ name, typ, claims }) =>
    [typ, "JWT", undefined, "at+jwt", "application/at+jwt"].map((type) => ({
      name: `${name} with ${type === undefined ? "no typ" : `typ ${type}`}`,
      token: () => issueToken({ header: { typ: type }, claims }),
      reason: "type_mismatch" as const,
    })),
  ),
);

testAttacks(
  "J31 a typ that is none of the accepted",
  [
    "jwt2",
    "at+jwtx",
    "at jwt",
    "application/at+jwt;v=1",
    "text/at+jwt",
    "",
    "application/",
    "application/application/jwt",
  ].map((typ) => ({
    name: JSON.stringify(typ),
    token: () => issueToken({ header: { typ } }),
    reason: "type_mismatch" as const,
  })),
);

test("J31 typ counts in any case, with and without application/", async () => {
  for (const typ of [
    "at+jwt",
    "AT+JWT",
    "application/at+jwt",
    "Application/AT+jwt",
    "jwt",
    "JWT",
    undefined,
  ]) {
    await expectAcceptance(createScene(), issueToken({ header: { typ } }));
  }
});

testAttacks("J31 a typ that is no string, a nested token, and a cty that is no string", [
  ...[1, null, true, [], {}, ["at+jwt"]].map((typ) => ({
    name: `typ ${JSON.stringify(typ)}`,
    token: () => issueToken({ header: { typ } }),
    reason: "malformed_token" as const,
  })),
  ...["JWT", "jwt", "application/jwt"].map((cty) => ({
    name: `cty ${cty}`,
    token: () => issueToken({ header: { cty } }),
    reason: "type_mismatch" as const,
  })),
  { name: "cty 1", token: () => issueToken({ header: { cty: 1 } }), reason: "malformed_token" },
]);

testAttacks(
  "J32 the strict profile takes RFC 9068 access tokens and nothing else",
  [
    { name: "typ JWT", token: () => issueToken({ header: { typ: "JWT" } }), reason: "type_mismatch" },
    { name: "no typ", token: () => issueToken({ header: { typ: undefined } }), reason: "type_mismatch" },
    ...["sub", "client_id", "iat", "jti", "exp", "aud"].map((name) => ({
      name: `no ${name}`,
      token: () => issueToken({ claims: { [name]: undefined } }),
      reason: "claim_missing" as const,
    })),
    {
      name: "a client assertion for the authorization server",
      token: () =>
        issueToken({ header: { typ: undefined }, claims: { aud: ISSUER, iss: ISSUER, sub: ISSUER } }),
      reason: "type_mismatch",
    },
  ],
  () => createScene({ issuer: { profile: "rfc9068" } }),
);

testAttacks("J34 an issuer that is nearly ours", [
  ...[
    "https://issuer.example",
    "https://issuer.example//",
    "https://issuer.example/x",
    "https://ISSUER.example/",
    "HTTPS://issuer.example/",
    "http://issuer.example/",
    "https://issuer.example:443/",
    "https://issuer.example./",
    "https://issuer.example/?",
    "https://issuer.example/#",
    "https://issuer%2Eexample/",
    "https://issuer.example%2F",
    "https://issuer.example.evil.example/",
    "https://issuer.example@evil.example/",
    "https://evil.example/https://issuer.example/",
    "https://\u0456ssuer.example/",
    "https://xn--ssuer-rye.example/",
    "https://issuer.example/ ",
    " https://issuer.example/",
    "https://issuer.example/\u0000",
    "https://issuer.example/\u200b",
    "https://issu\u00e9r.example/",
    "main",
    "",
    "__proto__",
    "constructor",
  ].map((iss) => ({
    name: JSON.stringify(iss),
    token: () => issueToken({ claims: { iss } }),
    reason: "issuer_untrusted" as const,
  })),
  ...[[ISSUER], ["https://evil.example/", ISSUER], { iss: ISSUER }, 1, true, null].map((iss) => ({
    name: JSON.stringify(iss),
    token: () => issueToken({ claims: { iss } }),
    reason: "claim_invalid" as const,
  })),
  { name: "no iss", token: () => issueToken({ claims: { iss: undefined } }), reason: "claim_missing" },
]);

const OTHER = "https://other.example";

testAttacks("J35 an audience that is not ours", [
  ...[
    OTHER,
    "",
    `${AUDIENCE}/`,
    `${AUDIENCE}.evil.example`,
    AUDIENCE.slice(0, -1),
    AUDIENCE.toUpperCase(),
    ` ${AUDIENCE}`,
    `${AUDIENCE} ${OTHER}`,
    `${AUDIENCE},${OTHER}`,
    "https://api.*",
    "https://api.exampl.",
    ".*",
    "*",
    [],
    [""],
    [OTHER],
    [OTHER, `${AUDIENCE}x`],
  ].map((aud) => ({
    name: JSON.stringify(aud),
    token: () => issueToken({ claims: { aud } }),
    reason: "audience_mismatch" as const,
  })),
  ...[
    [[AUDIENCE]],
    [AUDIENCE, 5],
    [AUDIENCE, null],
    [AUDIENCE, [OTHER]],
    { 0: AUDIENCE },
    { aud: AUDIENCE },
    1,
    true,
    null,
  ].map((aud) => ({
    name: JSON.stringify(aud),
    token: () => issueToken({ claims: { aud } }),
    reason: "claim_invalid" as const,
  })),
  { name: "no aud", token: () => issueToken({ claims: { aud: undefined } }), reason: "claim_missing" },
]);

test("J35 an audience is ours as a string, and among several", async () => {
  const validator = createScene({ issuer: { audiences: [OTHER, AUDIENCE] } });
  for (const aud of [AUDIENCE, [AUDIENCE], [AUDIENCE, "x"], ["x", AUDIENCE], OTHER]) {
    await expectAcceptance(validator, issueToken({ claims: { aud } }));
  }
});

test("J36 one sub of two issuers is two principals", async () => {
  const other = "https://other.example/";
  const validator = createValidator({
    issuers: [describeIssuer(), describeIssuer({ issuer: { issuer: other, name: "other" } })],
    clock: () => NOW_SECONDS * 1000,
  });
  const first = await expectAcceptance(validator, issueToken());
  const second = await expectAcceptance(validator, issueToken({ claims: { iss: other } }));
  assert.equal(first.principal.subject, second.principal.subject);
  assert.notEqual(first.principal.issuer, second.principal.issuer);
  assert.deepEqual([first.token.issuer, second.token.issuer], ["main", "other"]);
});

test("J37 a client that acts for itself is no user, also where its identifier is a user's sub", async () => {
  const kindOf = async (claims: Claims): Promise<string> =>
    (await expectAcceptance(createScene(), issueToken({ claims }))).principal.kind;
  assert.equal(await kindOf({ sub: "user-1", client_id: "client-1" }), "user");
  assert.equal(await kindOf({ sub: "user-1", client_id: "user-1" }), "client");
  assert.equal(await kindOf({ sub: undefined, client_id: "client-1" }), "client");
  assert.equal(await kindOf({ sub: "user-1", client_id: undefined, azp: "user-1" }), "client");
});

/** The claims with one member written as this text. */
function writeClaim(name: string, literal: string): string {
  const text = JSON.stringify(createClaims({ [name]: "@" }));
  return text.replace('"@"', literal);
}

function timeForms(name: "exp" | "nbf" | "iat"): readonly (readonly [string, ReasonName])[] {
  const now = String(NOW_SECONDS);
  return [
    ["null", "claim_invalid"],
    [`"${now}"`, "claim_invalid"],
    ['""', "claim_invalid"],
    [`[${now}]`, "claim_invalid"],
    ["[]", "claim_invalid"],
    ["{}", "claim_invalid"],
    [`{"valueOf":${now}}`, "claim_invalid"],
    ["true", "claim_invalid"],
    ["-1", "claim_invalid"],
    ["-1e-9", "claim_invalid"],
    ["1e999", "malformed_token"],
    ["-1e999", "malformed_token"],
    ["9007199254740992", "malformed_token"],
    ["123456789012345678901234567890", "malformed_token"],
    ["9007199254740993.0", "claim_invalid"],
    ["1e308", "claim_invalid"],
    ["1e16", "claim_invalid"],
    [`"${new Date(NOW_SECONDS * 1000).toISOString()}"`, "claim_invalid"],
    [
      `${name === "exp" ? "0" : "1e15"}`,
      name === "exp" ? "token_expired" : name === "nbf" ? "token_not_yet_valid" : "issued_in_future",
    ],
  ];
}

for (const name of ["exp", "nbf", "iat"] as const) {
  testAttacks(
    name === "exp" ? "J38 exp in every wrong form" : "J39 nbf and iat in every wrong form are never skipped",
    timeForms(name).map(([literal, reason]) => ({
      name: `${name}: ${literal}`,
      token: () => issuePayload(writeClaim(name, literal)),
      reason,
    })),
  );
}

testAttacks("J38 exp that is absent or in milliseconds", [
  { name: "no exp", token: () => issueToken({ claims: { exp: undefined } }), reason: "claim_missing" },
  {
    name: "milliseconds",
    token: () => issueToken({ claims: { exp: (NOW_SECONDS + 300) * 1000 } }),
    reason: "lifetime_exceeded",
  },
  {
    name: "milliseconds without iat",
    token: () => issueToken({ claims: { exp: (NOW_SECONDS + 300) * 1000, iat: undefined } }),
    reason: "lifetime_exceeded",
  },
]);

/** Each with the last second that passes and the first that does not, at a tolerance of 0 and of 30. */
const BOUNDARIES: readonly (readonly [
  name: string,
  claims: (offset: number) => Claims,
  sign: 1 | -1,
  reason: ReasonName,
])[] = [
  ["exp", (offset) => ({ exp: NOW_SECONDS + offset, iat: NOW_SECONDS - 1000 }), -1, "token_expired"],
  ["nbf", (offset) => ({ nbf: NOW_SECONDS + offset }), 1, "token_not_yet_valid"],
  ["iat", (offset) => ({ iat: NOW_SECONDS + offset }), 1, "issued_in_future"],
];

test("J38 J40 the boundaries of exp, nbf and iat are exact", async () => {
  for (const clockToleranceSeconds of [0, 30, 300]) {
    const validator = createScene({ issuer: { clockToleranceSeconds } });
    for (const [name, claimsAt, sign, reason] of BOUNDARIES) {
      // At `exp` a token has expired; at `nbf` and `iat` it has begun.
      const last = name === "exp" ? -clockToleranceSeconds + 0.001 : sign * clockToleranceSeconds;
      const beyond = name === "exp" ? -clockToleranceSeconds : last + 0.001;
      await expectAcceptance(validator, issueToken({ claims: claimsAt(last) }));
      await expectRefusal(validator, issueToken({ claims: claimsAt(beyond) }), reason);
    }
  }
});

testAttacks("J40 times that contradict each other", [
  {
    name: "iat later than exp",
    token: () => issueToken({ claims: { iat: NOW_SECONDS + 20, exp: NOW_SECONDS + 10 } }),
    reason: "claim_invalid",
  },
  {
    name: "nbf later than exp",
    token: () => issueToken({ claims: { nbf: NOW_SECONDS + 20, exp: NOW_SECONDS + 10 } }),
    reason: "claim_invalid",
  },
  {
    name: "a day and a second of lifetime",
    token: () => issueToken({ claims: { iat: NOW_SECONDS, exp: NOW_SECONDS + 86_401 } }),
    reason: "lifetime_exceeded",
  },
  {
    name: "older than maxAgeSeconds",
    token: () => issueToken({ claims: { iat: NOW_SECONDS - 91 } }),
    reason: "token_too_old",
    validator: () => createScene({ issuer: { maxAgeSeconds: 60 } }),
  },
]);

test("J41 no memory of a success outlives a clock that steps forward or back", async () => {
  let nowSeconds = NOW_SECONDS;
  const validator = createScene({ nowSeconds: () => nowSeconds });
  const token = issueToken({ claims: { nbf: NOW_SECONDS - 60 } });
  const expected: readonly (readonly [number, ReasonName | "ok" | "remembered"])[] = [
    [0, "ok"],
    [0, "remembered"],
    [3600, "token_expired"],
    // An expired token is forgotten, so a clock that steps back has its signature checked anew.
    [0, "ok"],
    [-3600, "token_not_yet_valid"],
    [0, "remembered"],
    [329.999, "remembered"],
    [330, "token_expired"],
    [0, "ok"],
  ];
  for (const [offset, outcome] of expected) {
    nowSeconds = NOW_SECONDS + offset;
    if (outcome === "ok") await expectAcceptance(validator, token);
    else if (outcome === "remembered") await expectRemembered(validator, token);
    else await expectRefusal(validator, token, outcome);
  }
});

test("J41 a clock that gives no time refuses everything, as a fault of ours", async () => {
  for (const time of [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    undefined,
    "1780272000000",
  ]) {
    const validator = createScene({ validator: { clock: () => time as number } });
    const verdict = await validator.validate(issueToken());
    assert.deepEqual(verdict.ok ? "ok" : [verdict.reason, verdict.fault], ["internal_error", "system"]);
    assert.deepEqual(validator.validateSync(issueToken()), verdict);
  }
});

test("J42 a tolerance past 300 s, below 0 or that is no number is a configuration error", () => {
  for (const clockToleranceSeconds of [
    300.001,
    301,
    1e9,
    -1,
    -0.001,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    "30",
    null,
  ]) {
    const issuer = { clockToleranceSeconds: clockToleranceSeconds as number };
    assert.throws(() => createScene({ issuer }), ConfigurationError, String(clockToleranceSeconds));
  }
});
