/** An issuer's options for tokens that are bound to a key by `cnf`. Checked by `check-binding-options.ts`. */

import type { AlgorithmName } from "../algorithms.ts";

/** A token's holder has to prove every key that its `cnf` names; a `cnf` that names others is refused. */
export interface BindingOptions {
  /** How DPoP proofs are checked (RFC 9449). "refused" refuses tokens bound by `jkt`. Default the defaults of each. */
  readonly dpop?: DpopOptions | "refused";
  /** Whether client certificates are compared with `x5t#S256` (RFC 8705), else such tokens are refused. Default "accepted". */
  readonly mtls?: "accepted" | "refused";
  /** Whether tokens without `cnf` pass as bearer tokens. "refused" demands a binding of every token. Default "accepted". */
  readonly unbound?: "accepted" | "refused";
}

export interface DpopOptions {
  /** Algorithms of proofs; HS* cannot be among them. Default ES256, PS256, Ed25519, EdDSA. */
  readonly algorithms?: readonly AlgorithmName[];
  /** How long after its `iat` a proof is accepted. Default 60; 1..600. Not looked at where a nonce is asked for. */
  readonly maxAgeSeconds?: number;
  /** How far in the future `iat` may be. Default 10; 0..60. */
  readonly clockToleranceSeconds?: number;
  /** Asks for nonces of this server (RFC 9449 section 9), which makes client clocks irrelevant. Default none. */
  readonly nonce?: DpopNonceOptions;
}

export interface DpopNonceOptions {
  /**
   * 32 to 1024 octets each: the first makes nonces, those of all are accepted, at most 4. All instances need the same.
   * Default one random secret of this validator, for a service of a single process.
   */
  readonly secrets?: readonly NonceSecret[];
  /** A nonce is handed out for so long and accepted for twice as long. Default 60; 5..3600. */
  readonly stepSeconds?: number;
}

/** Exactly one of `base64url` and `bytes`. */
export type NonceSecret = { readonly base64url: string } | { readonly bytes: Uint8Array };
