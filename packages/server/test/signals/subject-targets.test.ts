import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { readSubject, type SubjectReading, type SubjectRules } from "../../src/signals/subject-targets.ts";

const ISSUER = "https://issuer.test/";
const RULES: SubjectRules = {
  issuer: ISSUER,
  opaque: "unknown",
  email: "unknown",
  criticalSubjectMembers: [],
};
const ALICE = { format: "iss_sub", iss: ISSUER, sub: "alice" };
const MALLORY = { format: "iss_sub", iss: "https://other.test/", sub: "alice" };
const EMAIL = { format: "email", email: "alice@example.test" };
const OPAQUE = { format: "opaque", id: "o1" };

const alice: SubjectReading = [{ kind: "subject", value: "alice" }];

/** Subject, rules beside the defaults, what is made of it. */
const CASES: readonly (readonly [string, unknown, Partial<SubjectRules>, SubjectReading])[] = [
  ["an issuer's subject", ALICE, {}, alice],
  ["another issuer's subject", MALLORY, {}, "foreign"],
  ["a token", { format: "jwt_id", iss: ISSUER, jti: "j" }, {}, [{ kind: "token", value: "j" }]],
  ["another issuer's token", { format: "jwt_id", iss: "https://other.test/", jti: "j" }, {}, "foreign"],
  ["an opaque id", OPAQUE, {}, "unknown"],
  ["an opaque id of a session", OPAQUE, { opaque: "session" }, [{ kind: "session", value: "o1" }]],
  ["an opaque id of a subject", OPAQUE, { opaque: "subject" }, [{ kind: "subject", value: "o1" }]],
  ["an address", EMAIL, {}, "unknown"],
  ["an address that is the subject", EMAIL, { email: "subject" }, [{ kind: "subject", value: EMAIL.email }]],
  ["a format that is not known", { format: "did", url: "did:example:1" }, {}, "unknown"],
  ["no object", "alice", {}, "unknown"],
  ["nothing", undefined, {}, "unknown"],
  ["null", null, {}, "unknown"],
  ["a list", [ALICE], {}, "unknown"],
  ["simple, whatever is beside it", { ...ALICE, session: OPAQUE }, { opaque: "session" }, alice],
  ["of no format and with nothing in it", {}, {}, "unknown"],
  ["an empty sub", { ...ALICE, sub: "" }, {}, "unknown"],
  ["a sub that is no text", { ...ALICE, sub: ["alice"] }, {}, "unknown"],
  ["a sub that is too long", { ...ALICE, sub: "a".repeat(1025) }, {}, "unknown"],
  [
    "aliases, of which those count that are known",
    { format: "aliases", identifiers: [EMAIL, ALICE, MALLORY] },
    {},
    alice,
  ],
  ["aliases of others alone", { format: "aliases", identifiers: [MALLORY] }, {}, "foreign"],
  [
    "too many aliases",
    { format: "aliases", identifiers: Array.from({ length: 17 }, () => ALICE) },
    {},
    "unknown",
  ],
  [
    "aliases within aliases",
    { format: "aliases", identifiers: [{ format: "aliases", identifiers: [ALICE] }] },
    {},
    "unknown",
  ],
  [
    "a session of a user: that session alone",
    { format: "complex", user: ALICE, session: OPAQUE },
    {},
    [{ kind: "session", value: "o1" }],
  ],
  [
    "a session of another issuer's user",
    { format: "complex", user: MALLORY, session: OPAQUE },
    {},
    "foreign",
  ],
  ["a device of a user: all of the user", { format: "complex", user: ALICE, device: OPAQUE }, {}, alice],
  [
    "a device of a user, where devices are critical",
    { format: "complex", user: ALICE, device: OPAQUE },
    { criticalSubjectMembers: ["device"] },
    "critical",
  ],
  [
    "a user, where users are critical",
    { format: "complex", user: ALICE },
    { criticalSubjectMembers: ["user"] },
    alice,
  ],
  ["a user without the word complex", { user: ALICE, tenant: OPAQUE }, {}, alice],
  [
    "a user, where a word of the form is critical too",
    { format: "complex", user: ALICE },
    { criticalSubjectMembers: ["format"] },
    alice,
  ],
  ["a whole tenant", { format: "complex", tenant: OPAQUE }, {}, "unknown"],
  ["a client", { format: "complex", application: OPAQUE }, {}, [{ kind: "client", value: "o1" }]],
  [
    "a user by an id that is a session's",
    { format: "complex", user: OPAQUE },
    { opaque: "session" },
    "unknown",
  ],
];

describe("the subject of a security event", () => {
  for (const [what, subject, rules, expected] of CASES) {
    const made = typeof expected === "string" ? expected : expected.map(({ kind }) => kind).join(", ");
    it(`that is ${what} is read as ${made}`, () => {
      assert.deepEqual(readSubject(subject, { ...RULES, ...rules }), expected);
    });
  }
});
