import assert from "node:assert/strict";
import { test } from "node:test";
import type { DecisionEvent } from "@countersign/server";
import { renderDecision, renderDecisionHeadings } from "../../src/output/decision-line.ts";

const { stdin, stdout, stderr } = process;
const plain = (_style: unknown, text: string): string => text;
const TERMINAL = { stdin, stdout, stderr, paint: plain, paintError: plain, columns: 80 };

const EVENT: DecisionEvent = {
  time: new Date(2026, 0, 2, 3, 4, 5).getTime(),
  door: "proxy",
  method: "GET",
  path: "/orders/1",
  status: 200,
  outcome: "allowed",
  reason: "ok",
  issuer: "main",
  subject: "ada",
  durationMs: 0.25,
};

test("a decision is one line under its headings", () => {
  const line = renderDecision(EVENT, TERMINAL);
  assert.equal(line, "  03:04:05 GET     /orders/1        200 ok                  ada           250 µs");
  assert.equal(renderDecisionHeadings(TERMINAL).indexOf("PATH"), line.indexOf("/orders"));
});

test("what is only watched stands below, each that would change the outcome with its reason", () => {
  const shadow = [
    { policy: "tenant", would: "allowed", reason: "ok" },
    { policy: "routes[2]", would: "refused", reason: "scope_insufficient" },
    { policy: "gold\u001b[2J", would: "failed", reason: "policy_unavailable" },
    { policy: "adults", would: "allowed", reason: "ok" },
  ] as const;
  const [, ...below] = renderDecision({ ...EVENT, shadow }, TERMINAL).split("\n");
  assert.deepEqual(below, [
    "                   shadow routes[2] would be refused: scope_insufficient",
    "                   shadow gold\\u{1b}[2J could not be judged: policy_unavailable",
    "                   shadow tenant, adults would pass",
  ]);
  assert.deepEqual(renderDecision({ ...EVENT, shadow: [] }, TERMINAL).split("\n").length, 1);
});
