/** Profiles as data: those of specifications, and presets for identity providers. */

import { AUTH0 } from "./presets/auth0.ts";
import { CLOUDFLARE_ACCESS } from "./presets/cloudflare-access.ts";
import { COGNITO } from "./presets/cognito.ts";
import { ENTRA } from "./presets/entra.ts";
import { GITHUB_ACTIONS } from "./presets/github-actions.ts";
import { GITLAB } from "./presets/gitlab.ts";
import { GOOGLE } from "./presets/google.ts";
import { KEYCLOAK } from "./presets/keycloak.ts";
import { KUBERNETES } from "./presets/kubernetes.ts";
import { OKTA } from "./presets/okta.ts";
import { SPIFFE } from "./presets/spiffe.ts";
import type { Profile } from "./profile.ts";

export type ProfileName =
  | "jwt"
  | "rfc9068"
  | "keycloak"
  | "auth0"
  | "okta"
  | "entra"
  | "cognito"
  | "google"
  | "github-actions"
  | "gitlab"
  | "kubernetes"
  | "spiffe"
  | "cloudflare-access";

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
  keycloak: KEYCLOAK,
  auth0: AUTH0,
  okta: OKTA,
  entra: ENTRA,
  cognito: COGNITO,
  google: GOOGLE,
  "github-actions": GITHUB_ACTIONS,
  gitlab: GITLAB,
  kubernetes: KUBERNETES,
  spiffe: SPIFFE,
  "cloudflare-access": CLOUDFLARE_ACCESS,
};

export const PROFILE_NAMES: readonly ProfileName[] = Object.freeze(Object.keys(PROFILES) as ProfileName[]);

/** Names that are no misspellings, and why they are refused all the same. */
export const REFUSED_PROFILES: Readonly<Record<string, string>> = {
  "aws-alb": "is not there: load balancers pad their tokens, and publish keys one by one and as PEM",
};
