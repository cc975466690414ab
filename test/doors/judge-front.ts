/** Sends one row of the table through one front door, and says what became of it. */

import assert from "node:assert/strict";
import type { DecisionEvent } from "@countersign/server";
import { type RawAnswer, sendRaw } from "../kit/send-raw.ts";
import { listSeen } from "../kit/send-request.ts";
import { type Echo, STREAM_TARGET } from "../kit/start-echo.ts";
import type { Stack } from "../kit/start-stack.ts";
import { type FrontCase, type FrontTokens, writeFrontRequest } from "./front-case.ts";

/** Of the two subjects that tokens of the table have. */
const SUBJECTS = ["orders-service", "user-ada"];
const IDENTITY = ["x-auth-subject", "x-auth-issuer", "x-auth-client", "x-auth-scopes", "x-auth-roles"];

export interface FrontPlace {
  readonly stack: Stack;
  readonly url: string;
  readonly tokens: FrontTokens;
}

/**
 * Gives the cell of the table.
 * @throws AssertionError where the row's rule is broken, or what holds of every request.
 */
export async function judgeFront(row: FrontCase, { stack, url, tokens }: FrontPlace): Promise<string> {
  const before = stack.echo.count();
  stack.takeDecision();
  let isStreamed = false;
  const answer = await sendRaw({
    url,
    text: writeFrontRequest(row.request(tokens), new URL(url).host),
    onBody: () => {
      isStreamed ||= stack.echo.last()?.target === STREAM_TARGET;
      stack.echo.finishStream();
    },
  });
  const isReached = stack.echo.count() > before;
  const decision = stack.takeDecision();
  const echo = isReached ? stack.echo.last() : undefined;
  const context = `${row.name}: ${answer.status} ${decision?.reason ?? "not asked"}`;
  if (echo === undefined) checkRefusal(row, answer, { decision, context });
  else checkPassage(row, echo, { decision, context });
  return describeOutcome(answer, { echo, decision, isStreamed });
}

interface Seen {
  readonly decision: DecisionEvent | undefined;
  readonly context: string;
}

function checkRefusal({ rule }: FrontCase, answer: RawAnswer, { decision, context }: Seen): void {
  assert.ok(rule !== "pass" && rule !== "nobody", `${context}: it must pass`);
  const { status } = answer;
  const isOwn = decision === undefined;
  assert.ok(status === 0 || status >= 400 || isOwn, `${context}: no success without the upstream`);
  if (rule === "unavailable") assert.ok(status >= 500, `${context}: not the client's fault`);
  if (decision?.outcome === "failed") assert.notEqual(status, 401, `${context}: a new token would not help`);
  for (const name of IDENTITY) {
    assert.ok(!answer.headers.some(([other]) => other === name), `${context}: ${name} goes to the client`);
  }
}

function checkPassage({ rule }: FrontCase, echo: Echo, { decision, context }: Seen): void {
  assert.ok(rule !== "refuse" && rule !== "unavailable", `${context}: it must not pass`);
  assert.equal(decision?.outcome, "allowed", `${context}: the upstream was reached without a decision`);
  const subjects = listSeen(echo, "x-auth-subject").filter((value) => value !== "");
  const expected = decision?.reason === "ok" ? 1 : 0;
  assert.equal(subjects.length, expected, `${context}: subjects ${subjects.join("|")}`);
  assert.ok(
    subjects.every((subject) => SUBJECTS.includes(subject)),
    `${context}: ${subjects.join("|")}`,
  );
  if (rule === "pass") assert.equal(subjects.length, 1, `${context}: somebody`);
  if (rule === "nobody") assert.equal(subjects.length, 0, `${context}: nobody`);
  for (const [name, value] of echo.headers) {
    const isFolded = value.startsWith("b");
    assert.ok(isFolded || !value.includes("user-root"), `${context}: ${name} is the client's own`);
  }
  assert.deepEqual(listSeen(echo, "authorization"), [], `${context}: the token goes no further`);
}

function describeOutcome(
  answer: RawAnswer,
  seen: Pick<Seen, "decision"> & { readonly echo: Echo | undefined; readonly isStreamed: boolean },
): string {
  const { status } = answer;
  const { decision, echo, isStreamed } = seen;
  if (echo !== undefined) {
    if (status === 101) return "101";
    const how = isStreamed ? ", in pieces" : "";
    return decision?.reason === "ok" ? `${status}${how}` : `${status}, nobody`;
  }
  const told = status === 0 ? "closed" : String(status);
  if (decision === undefined) return `${told} its own`;
  return decision.outcome === "allowed" ? `${told} after yes` : `${told} ${decision.reason}`;
}
