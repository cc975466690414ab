/** Tokens that the provider would not give out over HTTP, signed by the same code and key as those that it does. */

import type Provider from "oidc-provider";
import { describeResource } from "./describe-resource.ts";
import { API_SCOPES } from "./options.ts";
import type { SharedState } from "./shared-state.ts";

export interface MintRequest {
  readonly clientId: string;
  readonly audience: string;
  /** Claims that replace the usual ones. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** A client credentials token, made by oidc-provider itself outside of any request. */
export async function mintToken(
  on: { readonly provider: Provider; readonly shared: SharedState },
  request: MintRequest,
): Promise<string> {
  const { provider, shared } = on;
  const client = await provider.Client.find(request.clientId);
  if (client === undefined) throw new Error(`No client is named ${JSON.stringify(request.clientId)}`);
  const resource = describeResource({
    audience: request.audience,
    settings: shared.settings,
    ring: shared.ring,
  });
  const token = new provider.ClientCredentials({
    client,
    resourceServer: new provider.ResourceServer(request.audience, resource),
    scope: API_SCOPES.join(" "),
  });
  shared.overrides.set(token, request.claims ?? {});
  return token.save();
}
