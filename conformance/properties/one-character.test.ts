import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fuzzRuns } from "../kit/fuzz-runs.ts";
import { createScene, issueToken } from "../kit/scene.ts";
import { sharedKey } from "../kit/signing-key.ts";

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const LETTERS = [...BASE64URL, ".", "=", "+", "/", " ", "\n", "\t", "\0", "%", "~", "\u00e9", "\ud83d"];

/** Every text that differs from the token by one character put in, taken out or replaced. */
function* changeOneCharacter(token: string): Generator<string> {
  for (let at = 0; at <= token.length; at++) {
    const [before, after] = [token.slice(0, at), token.slice(at + 1)];
    if (at < token.length) yield before + after;
    for (const letter of LETTERS) {
      yield before + letter + token.slice(at);
      if (at < token.length && token[at] !== letter) yield before + letter + after;
    }
  }
}

test("N1 no token survives a change of one character: every change of a token, HS256", () => {
  const key = sharedKey("HS256");
  const validator = createScene({ keys: [key] });
  const token = issueToken({
    key,
    claims: { client_id: undefined, jti: undefined, scope: undefined, iat: undefined },
  });
  assert.equal(validator.validateSync(token).ok, true);
  let changes = 0;
  for (const changed of changeOneCharacter(token)) {
    if (changed === token) continue;
    changes++;
    assert.equal(validator.validateSync(changed).ok, false, changed);
  }
  assert.ok(changes > token.length * 140, `${changes} changes of ${token.length} characters`);
});

for (const name of ["RS256", "ES256", "Ed25519", "HS256"] as const) {
  test(`N1 no token survives a change of one character: changes anywhere, ${name}`, () => {
    const key = sharedKey(name);
    const validator = createScene({ keys: [key] });
    const token = issueToken({ key });
    assert.equal(validator.validateSync(token).ok, true);
    const change = fc.record({
      // Half of the changes go into the signature, where loose decoders have their play.
      at: fc.oneof(fc.nat(token.length), fc.integer({ min: token.lastIndexOf("."), max: token.length })),
      letter: fc.oneof(fc.constantFrom(...LETTERS), fc.string({ minLength: 1, maxLength: 1 })),
      taken: fc.nat(1),
    });
    fc.assert(
      fc.property(change, ({ at, letter, taken }) => {
        const changed = token.slice(0, at) + letter + token.slice(at + taken);
        assert.equal(validator.validateSync(changed).ok, changed === token, changed);
        const shortened = token.slice(0, at) + token.slice(at + 1);
        if (at < token.length) assert.equal(validator.validateSync(shortened).ok, false, shortened);
      }),
      { numRuns: fuzzRuns(2000) },
    );
  });
}
