import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { isRevoking, nameEvent } from "../../src/signals/event-policy.ts";

const CAEP = "https://schemas.openid.net/secevent/caep/event-type/";
const RISC = "https://schemas.openid.net/secevent/risc/event-type/";

const CASES: readonly (readonly [string, object, boolean])[] = [
  [`${CAEP}session-revoked`, {}, true],
  [`${CAEP}token-claims-change`, { claims: { role: "guest" } }, true],
  [`${CAEP}credential-change`, { change_type: "revoke" }, true],
  [`${CAEP}credential-change`, { change_type: "update" }, true],
  [`${CAEP}credential-change`, {}, true],
  [`${CAEP}credential-change`, { change_type: "create" }, false],
  [`${CAEP}assurance-level-change`, { change_direction: "decrease" }, true],
  [`${CAEP}assurance-level-change`, {}, true],
  [`${CAEP}assurance-level-change`, { change_direction: "increase" }, false],
  [`${CAEP}device-compliance-change`, { current_status: "not-compliant" }, true],
  [`${CAEP}device-compliance-change`, { current_status: "compliant" }, false],
  [`${CAEP}risk-level-change`, { current_level: "HIGH" }, true],
  [`${CAEP}risk-level-change`, { current_level: "LOW" }, false],
  [`${CAEP}risk-level-change`, { current_level: "MEDIUM" }, false],
  [`${CAEP}risk-level-change`, {}, true],
  [`${CAEP}session-established`, {}, false],
  [`${CAEP}session-presented`, {}, false],
  [`${RISC}account-disabled`, { reason: "hijacking" }, true],
  [`${RISC}account-purged`, {}, true],
  [`${RISC}account-credential-change-required`, {}, true],
  [`${RISC}credential-compromise`, {}, true],
  [`${RISC}identifier-recycled`, {}, true],
  [`${RISC}sessions-revoked`, {}, true],
  [`${RISC}recovery-activated`, {}, false],
  [`${RISC}recovery-information-changed`, {}, false],
  [`${RISC}account-enabled`, {}, false],
  [`${RISC}identifier-changed`, {}, false],
  ["https://example.test/session-revoked", {}, false],
  ["constructor", {}, false],
];

describe("the policy of security events", () => {
  for (const [type, event, expected] of CASES) {
    it(`${expected ? "revokes" : "revokes nothing"} for ${type} with ${JSON.stringify(event)}`, () => {
      assert.equal(isRevoking(type, event as Record<string, unknown>, {}), expected);
    });
  }

  it("is what the configuration says, by URI before name", () => {
    const type = `${CAEP}credential-change`;
    const created = { change_type: "create" };
    assert.equal(isRevoking(type, created, { "credential-change": "always" }), true);
    assert.equal(isRevoking(type, { change_type: "revoke" }, { "credential-change": "ignore" }), false);
    assert.equal(isRevoking(type, created, { "credential-change": "always", [type]: "revoke" }), false);
    assert.equal(
      isRevoking("https://example.test/left", {}, { "https://example.test/left": "revoke" }),
      true,
    );
    assert.equal(isRevoking(`${CAEP}session-established`, {}, { "session-established": "always" }), true);
    // There is nothing in it that could have got worse.
    assert.equal(isRevoking(`${CAEP}session-established`, {}, { "session-established": "revoke" }), false);
    assert.equal(isRevoking(`${CAEP}toString`, {}, {}), false);
  });

  it("names events that are known or configured, and shows nothing else that a sender said", () => {
    assert.equal(nameEvent(`${CAEP}session-revoked`, {}), "session-revoked");
    assert.equal(
      nameEvent("https://example.test/left", { "https://example.test/left": "ignore" }),
      "https://example.test/left",
    );
    assert.equal(nameEvent("https://example.test/left", {}), undefined);
    assert.equal(nameEvent("constructor", {}), undefined);
  });
});
