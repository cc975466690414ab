/** Tokens that differ from a remembered one in next to nothing: none is ever taken for it (attack 14). */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineEvent, Validator } from "countersign";
import { fuzzRuns } from "../kit/fuzz-runs.ts";
import { createScene, issueToken } from "../kit/scene.ts";
import { sharedKey } from "../kit/signing-key.ts";

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const key = sharedKey("HS256");

/** Numbers below a bound, the same ones in every run (Mulberry32): a failure names its twin and comes again. */
function createNumbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

interface Scene {
  readonly validator: Validator;
  /** Verdicts so far that came of what was remembered. */
  countRemembered(): number;
}

function openScene(maxEntries: number): Scene {
  let remembered = 0;
  const observer = (event: EngineEvent): void => {
    if (event.type === "validation_finished" && event.remembered) remembered++;
  };
  const validator = createScene({ keys: [key], validator: { observer, signatureCache: { maxEntries } } });
  return { validator, countRemembered: () => remembered };
}

/** "ok" and whose token it was, or the reason. */
function ask({ validator }: Scene, token: string): string {
  const verdict = validator.validateSync(token);
  if (!verdict.ok) return verdict.reason;
  assert.equal(verdict.principal.subject, verdict.token.claims.sub);
  return `ok ${verdict.token.claims.sub} ${verdict.token.claims.jti}`;
}

/** Half of them differ in a character, and half in a claim. */
const TWINS = Math.ceil(fuzzRuns(100_000) / 2);

test(`J14 ${TWINS} tokens that differ from a remembered one in one character are refused, each time they come`, () => {
  const scene = openScene(1000);
  const tokens = Array.from({ length: 100 }, (_, index) =>
    issueToken({ key, claims: { sub: `user-${index}`, jti: `${index}` } }),
  );
  for (let visit = 0; visit < 3; visit++) {
    for (const [index, token] of tokens.entries())
      assert.equal(ask(scene, token), `ok user-${index} ${index}`);
  }
  const next = createNumbers(TWINS);
  for (let count = 0; count < TWINS; count++) {
    const index = next(tokens.length);
    const token = tokens[index] as string;
    const signatureAt = token.lastIndexOf(".") + 1;
    // A third each in header and payload, so that what is looked up by the end meets them, and at the end.
    const at = count % 3 === 2 ? signatureAt + next(token.length - signatureAt) : next(signatureAt);
    const was = BASE64URL.indexOf(token[at] as string);
    const letter = BASE64URL[(was + 1 + next(63)) % 64] as string;
    const twin = token.slice(0, at) + letter + token.slice(at + 1);
    // Each 16th comes so often that it is remembered as what it is.
    for (let visit = count % 16 === 0 ? 4 : 1; visit > 0; visit--) {
      const answer = ask(scene, twin);
      assert.ok(!answer.startsWith("ok"), `character ${at} of token ${index} as ${letter}: ${answer}`);
    }
    if (count % 100 === 0) {
      const before = scene.countRemembered();
      assert.equal(ask(scene, token), `ok user-${index} ${index}`);
      assert.equal(scene.countRemembered(), before + 1, "the token itself was forgotten");
    }
  }
});

test(`J14 ${TWINS} tokens that differ in one claim give each its own claims, also when they come again`, () => {
  // Fewer entries than tokens: they push one another out, and come back.
  const scene = openScene(500);
  const next = createNumbers(TWINS);
  const recent: { readonly token: string; readonly expected: string }[] = [];
  for (let count = 0; count < TWINS; count++) {
    const differs = count % 2 === 0 ? { sub: `user-${count}` } : { jti: `token-${count}` };
    const token = issueToken({ key, claims: differs });
    const { sub = "user-1", jti = "token-1" } = differs as { readonly sub?: string; readonly jti?: string };
    const expected = `ok ${sub} ${jti}`;
    assert.equal(ask(scene, token), expected);
    if (count % 4 === 0) recent[next(1000)] = { token, expected };
    const again = recent[next(1000)];
    if (again !== undefined) assert.equal(ask(scene, again.token), again.expected);
  }
  assert.ok(scene.countRemembered() > TWINS / 100, `${scene.countRemembered()} were remembered`);
});
