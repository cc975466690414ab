import type { Algorithm } from "../algorithms.ts";
import type { NonceRules } from "./dpop-nonces.ts";

/** How DPoP proofs are checked, with every default filled in. */
export interface DpopRules {
  /** Asymmetric; aliases included. */
  readonly algorithms: readonly Algorithm[];
  /** How long after its `iat` a proof is accepted, in seconds. */
  readonly maxAgeSeconds: number;
  /** How far in the future `iat` may be, in seconds. */
  readonly clockToleranceSeconds: number;
  /** Undefined where no nonce is asked for. */
  readonly nonce: NonceRules | undefined;
}

/** An issuer's rules for tokens that are bound to a key. */
export interface BindingRules {
  /** Undefined where proofs are not checked, and so tokens bound by `jkt` are refused. */
  readonly dpop: DpopRules | undefined;
  /** Whether certificates are compared; else tokens bound by `x5t#S256` are refused. */
  readonly mtls: boolean;
  /** Whether tokens without `cnf` pass as bearer tokens. */
  readonly acceptsUnbound: boolean;
}
