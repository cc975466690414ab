import assert from "node:assert/strict";
import {
  type Accepted,
  REASONS,
  type ReasonName,
  TokenRejected,
  type Validator,
  type Verdict,
} from "countersign";
import { measureWork } from "./work-meter.ts";

/** Most signature checks for one token: four candidates where it has no kid. */
const MAX_CHECKS = 4;

/**
 * Asserts that every way to ask refuses the token for exactly this reason: `validate`, `validateSync`,
 * `verify` and `explain`. Refusals before the signature step must cost no signature check, none may cost a
 * request to the network, and none may show the token.
 */
export async function expectRefusal(
  validator: Validator,
  token: unknown,
  reason: ReasonName,
): Promise<Verdict> {
  const text = token as string;
  const { result: verdict, work } = await measureWork(() => validator.validate(text));
  assert.equal(verdict.ok ? "ok" : verdict.reason, reason);
  assert.deepEqual(work.fetched, [], "a token caused a request");
  if (REASONS[reason].stage === "signature") assert.ok(work.cryptoCalls <= MAX_CHECKS);
  else assert.equal(work.cryptoCalls, 0, `${reason} cost ${work.cryptoCalls} signature checks`);
  assert.deepEqual(validator.validateSync(text), verdict);
  await assert.rejects(validator.verify(text), (error: unknown) => {
    assert.ok(error instanceof TokenRejected);
    assert.equal(error.reason, reason);
    return true;
  });
  const explanation = await validator.explain(text);
  assert.deepEqual(explanation.verdict, verdict);
  expectSecrecy(text, verdict);
  return verdict;
}

/** A verdict may name rules and kinds, but shows no part of a token that is long enough to be its own. */
function expectSecrecy(token: unknown, verdict: Verdict): void {
  if (typeof token !== "string") return;
  const shown = JSON.stringify(verdict);
  for (const segment of token.split(".")) {
    if (segment.length >= 12)
      assert.ok(!shown.includes(segment.slice(0, 12)), `shows ${segment.slice(0, 12)}`);
  }
}

/** Asserts that the token is accepted, alike by every way to ask, with one signature check at most per candidate. */
export async function expectAcceptance(validator: Validator, token: string): Promise<Accepted> {
  const { verdict, cryptoCalls } = await measureAcceptance(validator, token);
  assert.ok(cryptoCalls >= 1 && cryptoCalls <= MAX_CHECKS, `${cryptoCalls} signature checks`);
  return verdict;
}

/** The same of a token that the validator accepted before: its signature is remembered, and not checked again. */
export async function expectRemembered(validator: Validator, token: string): Promise<Accepted> {
  const { verdict, cryptoCalls } = await measureAcceptance(validator, token);
  assert.equal(cryptoCalls, 0, "signature checks for a remembered token");
  return verdict;
}

async function measureAcceptance(
  validator: Validator,
  token: string,
): Promise<{ readonly verdict: Accepted; readonly cryptoCalls: number }> {
  const { result: verdict, work } = await measureWork(() => validator.validate(token));
  if (!verdict.ok) assert.fail(`refused: ${JSON.stringify(verdict)}`);
  assert.deepEqual(work.fetched, []);
  assert.equal(validator.validateSync(token).ok, true);
  assert.deepEqual(await validator.verify(token), verdict.token);
  return { verdict, cryptoCalls: work.cryptoCalls };
}
