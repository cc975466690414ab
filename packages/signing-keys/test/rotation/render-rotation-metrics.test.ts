import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  GATE_NAMES,
  type Gate,
  renderRotationMetrics,
  rotateKeys,
  startKeys,
} from "@countersign/signing-keys";
import { createSample, SAMPLE_OPTIONS } from "../kit/sample-keys.ts";

describe("the metrics of a rotation", () => {
  it("name the gate that holds, each gate that does not, and the state of each key", async () => {
    const keys = createSample();
    await startKeys(keys.manager, { ...SAMPLE_OPTIONS, issuer: 'https://idp.example.com/"x' });
    const closed: Gate = {
      name: "canary",
      check: async () => ({ gate: "canary", status: "unavailable", detail: "x" }),
    };
    const early = renderRotationMetrics(await rotateKeys(keys.manager, { gates: [closed] }));
    const issuer = 'issuer="https://idp.example.com/\\"x"';
    assert.match(early, /^countersign_key_next_transition_timestamp_seconds\{.*\} \d+$/m);
    for (const gate of GATE_NAMES) {
      assert.ok(early.includes(`countersign_rotation_blocked{${issuer},gate="${gate}"} 0\n`), gate);
    }
    keys.seconds = 1000;
    const report = await rotateKeys(keys.manager, { gates: [closed] });
    const text = renderRotationMetrics(report);
    assert.ok(text.includes(`countersign_rotation_blocked{${issuer},gate="canary"} 1\n`));
    assert.ok(text.includes(`countersign_rotation_blocked{${issuer},gate="jwks"} 0\n`));
    assert.ok(text.includes(`countersign_rotation_in_progress{${issuer}} 1\n`));
    for (const { keyId, state } of report.ledger.keys) {
      assert.ok(text.includes(`countersign_key_state{${issuer},kid="${keyId}",state="${state}"} 1\n`));
      assert.ok(text.includes(`countersign_key_state{${issuer},kid="${keyId}",state="revoked"} 0\n`));
    }
    assert.ok(text.endsWith("\n"));
  });
});
