/** What a request shows beside its token: the scheme, DPoP proofs, a client certificate. */
export interface Presentation {
  /** The scheme of the `Authorization` field that carried the token. */
  readonly scheme: "Bearer" | "DPoP";
  /** The values of all `DPoP` fields of the request; exactly one is accepted (RFC 9449 section 4.3). Default none. */
  readonly proofs?: readonly string[];
  /** The request's method, for `htm`. */
  readonly method?: string;
  /**
   * The request's absolute URL as the client knows it, for `htu`: from a trusted proxy's description or from
   * configuration, not from a `Host` field that strangers choose. Query and fragment are ignored.
   */
  readonly url?: string;
  /** DER of the client certificate of this connection, or of the one that a trusted proxy terminated (RFC 8705). */
  readonly certificate?: Uint8Array;
  /** Its SHA-256 in base64url without padding, where the certificate itself is not at hand. */
  readonly certificateSha256?: string;
}

/** "unchecked" where the holder proved the key before and the token is judged again, as while a stream is open. */
export type Presented = Presentation | "unchecked";

/** A verified token's text, which a proof's `ath` covers, and its claims. */
export interface PresentedToken {
  readonly text: string;
  readonly claims: { readonly [name: string]: unknown };
}
