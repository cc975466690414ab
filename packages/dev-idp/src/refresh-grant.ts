/**
 * Refreshing, as oidc-provider does it, made safe for many at once: each use of a token waits for the one before. The
 * token before the newest answers once more within the grace; any older one is stolen goods, and ends its family.
 */

import { createHash } from "node:crypto";
import type OidcProvider from "oidc-provider";
import type { KoaContextWithOIDC } from "oidc-provider";
import { handler } from "oidc-provider/lib/actions/grants/refresh_token.js";
import * as grants from "oidc-provider/lib/helpers/grants.js";
import { errors } from "./load-oidc-provider.ts";
import { keyOf } from "./memory-store.ts";
import { thumbprintOf } from "./mtls.ts";
import type { RefreshAnswer } from "./refresh-answers.ts";
import type { SharedState } from "./shared-state.ts";

type Helper = (provider: OidcProvider, ...rest: readonly unknown[]) => unknown;

interface Refresh {
  readonly provider: OidcProvider;
  readonly context: KoaContextWithOIDC;
  readonly token: string;
}

const PARAMETERS: readonly string[] = ["refresh_token", "scope", "resource"];

/** Takes the place of oidc-provider's own handler, and asks it. */
export function registerRefreshGrant(provider: OidcProvider, shared: SharedState): void {
  const helpers = Object.fromEntries(
    Object.entries(grants).map(([name, helper]) => [name, (helper as Helper).bind(undefined, provider)]),
  );
  const rotate = (context: KoaContextWithOIDC): Promise<void> => handler(provider, helpers, context);
  provider.registerGrantType(
    "refresh_token",
    async (context) => {
      const token = context.oidc.params["refresh_token"];
      if (typeof token !== "string") return rotate(context);
      const refresh = { provider, context, token };
      const key = createHash("sha256").update(token).digest("base64url");
      await shared.refreshAnswers.inTurn(key, () => answerRefresh(refresh, { key, rotate, shared }));
    },
    PARAMETERS,
    ["resource"],
  );
}

async function answerRefresh(
  refresh: Refresh,
  on: {
    readonly key: string;
    readonly rotate: (context: KoaContextWithOIDC) => Promise<void>;
    readonly shared: SharedState;
  },
): Promise<void> {
  const { provider, context, token } = refresh;
  const earlier = on.shared.refreshAnswers.find(on.key);
  if (earlier !== undefined && (await isUnused(provider, earlier.successor))) {
    await answerAgain(refresh, earlier);
    return;
  }
  const { settings, store } = on.shared;
  const wasUsed = (await provider.RefreshToken.find(token))?.consumed !== undefined;
  try {
    await on.rotate(context);
  } catch (error) {
    const isLeft = (await provider.RefreshToken.find(token)) !== undefined;
    // Nobody got an answer: the token is not used up by a wrong target or by a key that could not sign.
    if (!wasUsed) store.restore("RefreshToken", keyOf("RefreshToken", token));
    else if (!isLeft)
      settings.log("identity provider: a refresh token was used twice; its family is revoked");
    throw error;
  }
  const { body } = context as { readonly body: unknown };
  const answer = body as Readonly<Record<string, unknown>>;
  const thumbprint = await readThumbprint(refresh);
  on.shared.refreshAnswers.keep(on.key, {
    body: answer,
    successor: String(answer["refresh_token"]),
    wanted: describeWanted(context),
    thumbprint,
    answeredAtMs: Date.now(),
  });
}

/** A successor that was used proves that the answer arrived. */
async function isUnused(provider: OidcProvider, successor: string): Promise<boolean> {
  const found = await provider.RefreshToken.find(successor);
  return found !== undefined && found.consumed === undefined;
}

function describeWanted({ oidc }: KoaContextWithOIDC): string {
  const { scope, resource } = oidc.params ?? {};
  return JSON.stringify([scope ?? null, resource ?? null]);
}

async function readThumbprint({ provider, context }: Refresh): Promise<string | undefined> {
  const proof = await grants.validateDpop(provider, context);
  const certificate = grants.checkMtlsCert(provider, context);
  return proof?.thumbprint ?? (certificate && thumbprintOf(certificate));
}

/** @throws InvalidGrant, InvalidRequest, InvalidDpopProof. None of them ends the family: the token may be good elsewhere. */
async function answerAgain(refresh: Refresh, earlier: RefreshAnswer): Promise<void> {
  const { provider, context, token } = refresh;
  const found = await provider.RefreshToken.find(token);
  const clientId = context.oidc.client?.clientId;
  if (found === undefined || clientId === undefined || found.clientId !== clientId) {
    throw new errors.InvalidGrant("refresh token not found");
  }
  await grants.validateGrant(provider, context, found.grantId ?? "");
  const proof = await grants.validateDpop(provider, context);
  if ((await readThumbprint(refresh)) !== earlier.thumbprint) {
    throw new errors.InvalidGrant("the refresh token was used with another key");
  }
  if (describeWanted(context) !== earlier.wanted) {
    throw new errors.InvalidRequest("the refresh token was used for something else a moment ago");
  }
  await grants.checkDpopReplay(provider, context, proof, clientId);
  const { expires_in: lifetime } = earlier.body;
  const passed = Math.floor((Date.now() - earlier.answeredAtMs) / 1000);
  context.body = { ...earlier.body, expires_in: Math.max(0, Number(lifetime) - passed) };
}
