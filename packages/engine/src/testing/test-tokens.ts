import type { AccessTokenName } from "./access-tokens.ts";
import { ACCESS_TOKENS } from "./access-tokens.ts";
import type { ForeignTokenName } from "./foreign-tokens.ts";
import { FOREIGN_TOKENS } from "./foreign-tokens.ts";
import type { FormAttackName } from "./form-attacks.ts";
import { FORM_ATTACKS } from "./form-attacks.ts";
import type { KeyAttackName } from "./key-attacks.ts";
import { KEY_ATTACKS } from "./key-attacks.ts";
import type { SignatureAttackName } from "./signature-attacks.ts";
import { SIGNATURE_ATTACKS } from "./signature-attacks.ts";
import type { TestTokenKind } from "./test-token.ts";

/** Names of the ready-made tokens. */
export type TestTokenName =
  | AccessTokenName
  | ForeignTokenName
  | FormAttackName
  | KeyAttackName
  | SignatureAttackName;

/**
 * Every kind of ready-made token, with what it is and what a validator answers, so that tests can go through all:
 *
 *     for (const name of TEST_TOKEN_NAMES) {
 *       const verdict = await validator.validate(await issuer.tokens[name]());
 *       assert.equal(verdict.ok ? "ok" : verdict.reason, TEST_TOKENS[name].expected);
 *     }
 */
export const TEST_TOKENS: Readonly<Record<TestTokenName, TestTokenKind>> = Object.freeze({
  ...ACCESS_TOKENS,
  ...FOREIGN_TOKENS,
  ...FORM_ATTACKS,
  ...KEY_ATTACKS,
  ...SIGNATURE_ATTACKS,
});

export const TEST_TOKEN_NAMES: readonly TestTokenName[] = Object.freeze(
  Object.keys(TEST_TOKENS) as TestTokenName[],
);
