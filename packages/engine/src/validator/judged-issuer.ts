import type { BindingCheck } from "../binding/create-binding-check.ts";
import type { TrustedIssuer } from "../issuers/trusted-issuer.ts";
import type { TokenDecrypter } from "../ports.ts";

/** How an issuer's tokens are encrypted. */
export interface EncryptionRules {
  readonly decrypter: TokenDecrypter;
  /** Whether its tokens may also come as they are. */
  readonly plainAccepted: boolean;
}

/** An issuer with all that is asked of its tokens, also after the signature. */
export interface JudgedIssuer extends TrustedIssuer {
  /** Undefined where proof of the key that a token is bound to is left to the caller. */
  readonly binding: BindingCheck | undefined;
  /** Undefined where its tokens are only signed: then no encrypted one is its. */
  readonly encryption: EncryptionRules | undefined;
  readonly clockToleranceSeconds: number;
}
