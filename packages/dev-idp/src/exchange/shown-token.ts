/** The tokens that an exchange begins with: ours, signed, not over and not taken back - or refused. */

import type OidcProvider from "oidc-provider";
import { errors } from "../load-oidc-provider.ts";
import type { OwnTokens } from "../own-tokens.ts";
import type { StructuredTokens } from "../structured-tokens.ts";
import { JWT_TYPE, type ShownToken } from "./exchange-request.ts";

/** A good token, by what its issuer wrote into it. */
export interface GoodToken {
  /** Its key in the store. */
  readonly key: string;
  readonly subject: string;
  readonly clientId: string;
  readonly audience: string;
  readonly scopes: readonly string[];
  /** In seconds. */
  readonly expiresAt: number;
  /** Thumbprint of the key that it is bound to, DPoP's or the certificate's. */
  readonly boundTo: string | undefined;
  /** Further claims, such as `act`, `acr` and `roles`. */
  readonly claims: Readonly<Record<string, unknown>>;
}

export interface TokenReader {
  readonly provider: OidcProvider;
  readonly structured: StructuredTokens;
  readonly own: OwnTokens;
}

/** @throws InvalidRequest for whatever is wrong with it (RFC 8693 section 2.2.2), without saying what. */
export async function readShownToken(
  role: "subject" | "actor",
  { shown, reader }: { readonly shown: ShownToken; readonly reader: TokenReader },
): Promise<GoodToken> {
  const { provider, structured, own } = reader;
  const findable = await structured.findableOf(shown.text, own);
  const isOpaque = findable === shown.text;
  const found = isOpaque && shown.type === JWT_TYPE ? undefined : await findToken(provider, findable);
  if (found === undefined || typeof found.aud !== "string" || found.clientId === undefined) {
    throw new errors.InvalidRequest(`${role}_token is not an active access token of this issuer`);
  }
  return {
    key: structured.keyOf(findable),
    subject: ("accountId" in found ? found.accountId : undefined) ?? found.clientId,
    clientId: found.clientId,
    audience: found.aud,
    scopes: found.scope?.split(" ") ?? [],
    expiresAt: found.exp ?? 0,
    boundTo: found.jkt ?? found["x5t#S256"],
    claims: found.extra ?? {},
  };
}

async function findToken(provider: OidcProvider, findable: string) {
  const found =
    (await provider.AccessToken.find(findable)) ?? (await provider.ClientCredentials.find(findable));
  return found?.isValid === true ? found : undefined;
}
