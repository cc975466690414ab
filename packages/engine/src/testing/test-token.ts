import type { ReasonName } from "../reasons.ts";
import type { RawParts, SignOptions, TestClaims } from "./sign-token.ts";
import type { TestKey } from "./test-key.ts";

/** What the makers of ready-made tokens work with. */
export interface TokenSigner {
  readonly issuer: string;
  readonly audience: string;
  /** Seconds since the epoch, by the issuer's clock. */
  readonly nowSeconds: number;
  /** The published key that signs. */
  readonly key: TestKey;
  /** A key of the same algorithm that the issuer does not publish. */
  createStranger(): Promise<TestKey>;
  sign(claims?: TestClaims, options?: SignOptions): Promise<string>;
  signRaw(parts: RawParts): Promise<string>;
}

/** One kind of ready-made token. */
export interface TestTokenKind {
  readonly description: string;
  /** What a validator with the issuer's `validatorOptions()` (profile "jwt") answers. */
  readonly expected: ReasonName | "ok";
  readonly make: (signer: TokenSigner) => Promise<string>;
}
