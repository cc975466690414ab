/** The signed identity of a principal toward upstreams, as the rest of the server sees it. */

export type AssertionAlgorithm = "ES256" | "ES384" | "Ed25519" | "RS256" | "PS256";

export interface AssertionConfiguration {
  /** Suffix of the header. Default "assertion": `x-auth-assertion`. */
  readonly header: string;
  /** The `iss`: who the sidecar is to upstreams. An https URL (http for this machine). Never that of an entry of `issuers`. */
  readonly issuer: string;
  /** The `aud`, but for upstreams and routes that name another. */
  readonly audience: string;
  /** From `iat` to `exp`, never past the end of the client's token. Default 60; 10..60. */
  readonly lifetimeSeconds: number;
  /**
   * What `sub` is. "plain": the token's own. "qualified": the alias of the token's issuer, "|", and the token's own: the same
   * subject of two issuers is two principals. Absent only where there is one issuer; then "plain".
   */
  readonly subjects?: "plain" | "qualified";
  /** Claims of the token that are repeated as they are. At most 16. */
  readonly claims: readonly string[];
  readonly keys: AssertionKeysConfiguration;
}

export interface AssertionKeysConfiguration {
  /** Of keys to be made. Default "ES256". */
  readonly algorithm: AssertionAlgorithm;
  /** Where it is written down which keys there are: a folder of this machine, or the memory of this start. */
  readonly store: "memory" | { readonly directory: string };
  /** What makes the keys and signs with them: `readBackendOptions` of `@countersign/signing-keys`. Absent with "memory". */
  readonly backend?: Readonly<Record<string, unknown>>;
  /** A key signs for at least so long. Default 2592000 (30 days); 3600..31536000. */
  readonly rotationSeconds: number;
}
