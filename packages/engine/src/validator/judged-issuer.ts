import type { BindingCheck } from "../binding/create-binding-check.ts";
import type { TrustedIssuer } from "../issuers/trusted-issuer.ts";

/** An issuer with all that is asked of its tokens, also after the signature. */
export interface JudgedIssuer extends TrustedIssuer {
  /** Undefined where proof of the key that a token is bound to is left to the caller. */
  readonly binding: BindingCheck | undefined;
  readonly clockToleranceSeconds: number;
}
