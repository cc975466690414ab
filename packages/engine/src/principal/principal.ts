/** Who a verified token speaks for. Identity is always the pair of issuer and subject. */
export interface Principal {
  /** "client" where the token was issued to a client for itself (RFC 9700 section 4.15), else "user". */
  readonly kind: "user" | "client";
  /** The token's `iss`. The same subject of two issuers is two principals (RFC 8725 section 3.8). */
  readonly issuer: string;
  /** The token's `sub`; undefined only where the issuer's configuration does not require it. */
  readonly subject: string | undefined;
  /** `client_id`, else `azp`, else `cid`. */
  readonly client: string | undefined;
  /** From `scope` (space-delimited) and `scp` (array or space-delimited), without duplicates. */
  readonly scopes: readonly string[];
  /** From `roles`: an array of strings or one string. */
  readonly roles: readonly string[];
}
