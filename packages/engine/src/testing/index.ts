/** `countersign/testing`: a local issuer for tests, with keys of every algorithm, tokens of every kind and a clock. */

export type { RotateOptions } from "./key-ring.ts";
export type { RawParts, SignOptions, TestClaims } from "./sign-token.ts";
export type { TestClock } from "./test-clock.ts";
export { createTestClock } from "./test-clock.ts";
export type { TestIssuer, TestIssuerOptions, TokenOptions } from "./test-issuer.ts";
export { createTestIssuer } from "./test-issuer.ts";
export type { TestJwk, TestKey, TestKeyOptions } from "./test-key.ts";
export { createTestKey } from "./test-key.ts";
export type { TestTokenKind, TokenSigner } from "./test-token.ts";
export type { TestTokenName } from "./test-tokens.ts";
export { TEST_TOKEN_NAMES, TEST_TOKENS } from "./test-tokens.ts";
