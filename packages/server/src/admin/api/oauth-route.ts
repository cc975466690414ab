/** Clients revoke their own tokens (RFC 7009). */

import * as z from "zod";

import type { Revocations } from "../../revocation/revocations.ts";
import { ApiError, type ApiRoute, defineRoute } from "./api-route.ts";
import { createRevocation, type RevocationMakerSetup } from "./create-revocation.ts";

export interface OauthRouteSetup extends RevocationMakerSetup {
  readonly revocations: Pick<Revocations, "store">;
}

const form = z.object({
  token: z.string().min(1).max(65_536),
  token_type_hint: z.string().max(256).exactOptional(),
  client_id: z.string().max(256).exactOptional(),
  client_secret: z.string().max(1024).exactOptional(),
});

const DONE = { status: 200, headers: [["Cache-Control", "no-store"]], body: "" } as const;

export function createOauthRoute(setup: OauthRouteSetup): ApiRoute {
  return defineRoute({
    method: "POST",
    path: "/oauth/revoke",
    operationId: "revokeOwnToken",
    summary:
      "Revokes a token of the client that asks (RFC 7009); a token that is not accepted anyway is no error.",
    access: "client",
    body: { type: "application/x-www-form-urlencoded", schema: form },
    answers: {
      200: { description: "The token is revoked, or was never good here." },
      400: { description: "unsupported_token_type: it has no id. unauthorized_client: it is another's." },
    },
    async handle({ body, actor }) {
      const verdict = await setup.validator().validate(body.token, {
        presentation: "unchecked",
        revocationFreshness: "unchecked",
      });
      if (!verdict.ok) {
        if (verdict.fault === "client") return DONE;
        throw new ApiError(503, verdict.reason, verdict.message);
      }
      const { client_id: clientId, azp, cid, jti } = verdict.token.claims;
      if (![clientId, azp, cid].includes(actor)) {
        throw new ApiError(400, "unauthorized_client", "the token was issued to another client");
      }
      if (typeof jti !== "string" || jti === "") {
        throw new ApiError(400, "unsupported_token_type", "the token has no jti to revoke it by");
      }
      const revocation = await createRevocation(
        { token: body.token, status: "revoked", reason: "revoked by its client" },
        { actor: `client ${actor}`, setup },
      );
      await setup.revocations.store.append([revocation]);
      return DONE;
    },
  });
}
