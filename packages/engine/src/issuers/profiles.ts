/** Profiles as data: which kind of token an issuer's access tokens are. Presets for identity providers are further rows. */

export type ProfileName = "jwt" | "rfc9068";

export interface Profile {
  readonly name: ProfileName;
  /** Accepted `typ` where the configuration names none. */
  readonly types: readonly string[];
  /** Whether a header without `typ` passes. */
  readonly typeMayBeAbsent: boolean;
  /** Claims that must be present besides `iss`, `aud` and `exp`. */
  readonly requiredClaims: readonly string[];
}

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  /** Any signed JWT that is not recognizably another kind of token (RFC 7519, RFC 8725). */
  jwt: { name: "jwt", types: ["JWT", "at+jwt"], typeMayBeAbsent: true, requiredClaims: [] },
  /** JWT access tokens by the book (RFC 9068 section 2). */
  rfc9068: {
    name: "rfc9068",
    types: ["at+jwt"],
    typeMayBeAbsent: false,
    requiredClaims: ["sub", "client_id", "iat", "jti"],
  },
};

/** Names whose dialects are not there yet; refused with that reason rather than as a misspelling. */
export const RESERVED_PROFILE_NAMES: readonly string[] = [
  "keycloak",
  "auth0",
  "okta",
  "entra",
  "cognito",
  "google",
  "github-actions",
  "kubernetes",
  "spiffe",
  "cloudflare-access",
  "gitlab",
  "aws-alb",
];
