/** Who a verified token speaks for. Identity is always the pair of issuer and subject. Frozen all the way down. */
export interface Principal {
  /**
   * "client" where the token was issued to a client for itself (RFC 9700 section 4.15), else "user"; "workload" where
   * the issuer's mapping says that it speaks for running code only.
   */
  readonly kind: PrincipalKind;
  /** The token's `iss`. The same subject of two issuers is two principals (RFC 8725 section 3.8). */
  readonly issuer: string;
  /** The token's `sub`; undefined only where the issuer's configuration does not require it. */
  readonly subject: string | undefined;
  /** The OAuth client that the token was issued to. By default `client_id`, else `azp`, else `cid`. */
  readonly client: string | undefined;
  /** The organization, directory, namespace or trust domain within the issuer. By default none. */
  readonly tenant: string | undefined;
  /** The issuer's session, by which it is ended. By default `sid`. */
  readonly session: string | undefined;
  /** What the client was allowed to do. By default from `scope` (space-delimited) and `scp` (array or space-delimited). */
  readonly scopes: readonly string[];
  /** By default from `roles`: an array of strings or one string. */
  readonly roles: readonly string[];
  /** By default from `groups`. */
  readonly groups: readonly string[];
  /** By default from `permissions` and `entitlements` (RFC 9068 section 2.2.3.1). */
  readonly permissions: readonly string[];
  readonly authentication: Authentication;
  /** Who acts for the principal now (RFC 8693 section 4.1); undefined where it acts itself. */
  readonly actor: Actor | undefined;
  /** Who acted before, newest first. For information: RFC 8693 section 4.1 forbids to decide by them. */
  readonly priorActors: readonly Actor[];
  /** The keys that the token is bound to (RFC 7800); undefined for a bearer token. Names, no proof: that is the binding's. */
  readonly confirmation: PrincipalConfirmation | undefined;
}

export type PrincipalKind = "user" | "client" | "workload";

/** How and when the user was authenticated, where the token says so. */
export interface Authentication {
  /** `acr`: the class of the authentication (RFC 9470 section 6.2). */
  readonly acr: string | undefined;
  /** `amr`: its methods (RFC 8176). */
  readonly amr: readonly string[];
  /** `auth_time`: seconds since the epoch. */
  readonly authTime: number | undefined;
}

/** As a principal, one of an issuer: where `act` names none, the token's. */
export interface Actor {
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly client: string | undefined;
}

/** SHA-256 thumbprints in base64url. */
export interface PrincipalConfirmation {
  /** `jkt`: of the key of DPoP proofs (RFC 9449 section 6.1). */
  readonly jkt: string | undefined;
  /** `x5t#S256`: of the client certificate (RFC 8705 section 3.1). */
  readonly certificateSha256: string | undefined;
}
