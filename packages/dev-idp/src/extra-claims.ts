/** What access tokens say beyond RFC 9068: roles, session, how the user signed in, who may act for them. */

import type { KoaContextWithOIDC } from "oidc-provider";
import type { SharedState } from "./shared-state.ts";
import { findUser } from "./users.ts";

type Claims = Record<string, unknown>;

/** What of oidc-provider's tokens is read here. */
interface TokenToIssue {
  readonly clientId?: string | undefined;
  readonly accountId?: string | undefined;
}

/** An exchanged token bears what its subject's did, and nothing that would be looked up anew. */
export function readExtraClaims(
  { settings, exchanged }: Pick<SharedState, "settings" | "exchanged">,
  of: { readonly context: KoaContextWithOIDC | undefined; readonly token: TokenToIssue },
): Claims | undefined {
  const { context, token } = of;
  const taken = exchanged.get(token);
  if (taken !== undefined) return { ...taken };
  const { mayAct } = settings.clients.find(({ clientId }) => clientId === token.clientId) ?? {};
  const user = findUser(token.accountId);
  const claims: Claims = {
    ...(user === undefined ? {} : { roles: [...user.roles], ...readSignIn(context) }),
    ...(mayAct === undefined ? {} : { may_act: { ...mayAct } }),
  };
  return Object.keys(claims).length > 0 ? claims : undefined;
}

/** As it was when the code was given out; a refresh changes none of it (RFC 9068 section 2.2.1). */
function readSignIn(context: KoaContextWithOIDC | undefined): Claims {
  const { AuthorizationCode, RefreshToken } = context?.oidc.entities ?? {};
  const { acr, authTime, sid } = AuthorizationCode ?? RefreshToken ?? {};
  return {
    ...(acr === undefined ? {} : { acr }),
    ...(authTime === undefined ? {} : { auth_time: authTime }),
    // There only where the client is told of logouts.
    ...(sid === undefined ? {} : { sid }),
  };
}
