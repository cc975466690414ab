/** `countersign/testing`: a local issuer for tests, with keys of every algorithm, tokens of every kind and a clock. */

export {
  type ClientCertificateOptions,
  createClientCertificate,
  type TestClientCertificate,
} from "./client-certificate.ts";
export {
  createDpopClient,
  type DpopClient,
  type DpopClientOptions,
  type ProofChanges,
  type ProvedRequest,
} from "./dpop-client.ts";
export {
  type ProofScene,
  TEST_PROOF_NAMES,
  TEST_PROOFS,
  type TestProofKind,
  type TestProofName,
} from "./dpop-proofs.ts";
export type { IssuerSigners, TestTokenFunctions, TokenOptions } from "./issuer-signers.ts";
export type { RotateOptions } from "./key-ring.ts";
export type { KeyServer, KeyServerDocument, KeyServerFault, KeyServerRequest } from "./key-server.ts";
export type { RawParts, SignOptions, TestClaims } from "./sign-token.ts";
export { startKeyServer } from "./start-key-server.ts";
export { createTestClock, type TestClock } from "./test-clock.ts";
export {
  createTestIssuer,
  type TestIssuer,
  type TestIssuerOptions,
  type TestKeysSource,
} from "./test-issuer.ts";
export { createTestKey, type TestJwk, type TestKey, type TestKeyOptions } from "./test-key.ts";
export type { TestTokenKind, TokenSigner } from "./test-token.ts";
export { TEST_TOKEN_NAMES, TEST_TOKENS, type TestTokenName } from "./test-tokens.ts";
