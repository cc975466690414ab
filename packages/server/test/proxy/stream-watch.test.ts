import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRefusal } from "../../src/decision/create-refusal.ts";
import type { Decision } from "../../src/decision/decision.ts";
import { StreamWatch } from "../../src/proxy/stream-watch.ts";

const TIMING = { startedAt: 0, durationMs: 0, validationMs: undefined };
const ROUTE = { path: "/**", allow: "anonymous" } as const;
const ALLOWED = { allow: true, route: ROUTE, identity: [], remove: [], timing: TIMING } as const;
const DESCRIBED = { method: "GET", scheme: "http", host: "a", target: "/", headers: [] } as const;

function refuse(reason: Parameters<typeof createRefusal>[0]): Decision {
  return { allow: false, rejected: createRefusal(reason), scopes: [], remove: [], timing: TIMING };
}

function create(): {
  watch: StreamWatch;
  state: { now: number; decision: Decision; judged: number };
  ended: string[];
} {
  const state = { now: 0, decision: ALLOWED as Decision, judged: 0 };
  const ended: string[] = [];
  const watch = new StreamWatch({
    clock: () => state.now,
    judge: () => {
      state.judged += 1;
      return Promise.resolve(state.decision);
    },
    metrics: { setStreams: () => undefined, recordStreamEnd: (cause) => ended.push(cause) },
  });
  return { watch, state, ended };
}

describe("StreamWatch", () => {
  it("judges nothing before its end, and ends what is refused then", async () => {
    const { watch, state, ended } = create();
    let ends = 0;
    watch.add({ described: DESCRIBED, expiresAt: 1000, end: () => (ends += 1) });
    await watch.sweep();
    assert.equal(state.judged, 0);
    state.now = 1000;
    state.decision = refuse("token_expired");
    await watch.sweep();
    await watch.sweep();
    assert.deepEqual([state.judged, ends, ended], [1, 1, ["expired"]]);
  });

  it("keeps what cannot be judged for now, at most for the largest tolerance", async () => {
    const { watch, state, ended } = create();
    watch.add({ described: DESCRIBED, expiresAt: 1000, end: () => undefined });
    state.decision = refuse("overloaded");
    state.now = 301_000;
    await watch.sweep();
    assert.deepEqual(ended, []);
    state.now = 306_001;
    await watch.sweep();
    assert.deepEqual(ended, ["expired"]);
  });

  it("judges everything again when the rules have changed", async () => {
    const { watch, state, ended } = create();
    watch.add({ described: DESCRIBED, expiresAt: Infinity, end: () => undefined });
    const release = watch.add({ described: DESCRIBED, expiresAt: 5000, end: () => undefined });
    await watch.judgeAll();
    assert.deepEqual([state.judged, ended], [2, []]);
    release();
    state.decision = refuse("policy_denied");
    await watch.judgeAll();
    assert.deepEqual([state.judged, ended], [3, ["refused"]]);
  });
});
