/**
 * What oidc-provider offers to grants of one's own, which its types leave out. The version is pinned; a change of
 * these fails the tests of exchange and refresh.
 */

declare module "oidc-provider/lib/helpers/grants.js" {
  import type { X509Certificate } from "node:crypto";
  import type { Grant, KoaContextWithOIDC, default as Provider } from "oidc-provider";

  export interface DpopProof {
    readonly thumbprint: string;
    readonly jti: string;
    readonly iat: number;
  }
  type ErrorClass = new (description: string) => Error;
  type Context = KoaContextWithOIDC;

  export function validateDpop(provider: Provider, context: Context): Promise<DpopProof | undefined>;
  export function checkDpopReplay(
    provider: Provider,
    context: Context,
    proof: DpopProof | undefined,
    clientId: string,
    error?: ErrorClass,
  ): Promise<void>;
  export function checkDpopRequired(
    provider: Provider,
    context: Context,
    proof: DpopProof | undefined,
    error?: ErrorClass,
  ): void;
  export function checkMtlsCert(
    provider: Provider,
    context: Context,
    error?: ErrorClass,
  ): X509Certificate | string | undefined;
  export function validateGrant(provider: Provider, context: Context, grantId: string): Promise<Grant>;
  export function buildTokenResponse(
    provider: Provider,
    of: {
      readonly accessToken: string;
      readonly expiresIn: number;
      readonly issuedTokenType: string;
      readonly scope: string;
      readonly tokenType: string;
    },
  ): Record<string, unknown>;
}

declare module "oidc-provider/lib/actions/grants/refresh_token.js" {
  import type { KoaContextWithOIDC, default as Provider } from "oidc-provider";

  export function handler(
    provider: Provider,
    helpers: Readonly<Record<string, unknown>>,
    context: KoaContextWithOIDC,
  ): Promise<void>;
}
