import { randomBytes } from "node:crypto";

import {
  DEFAULT_MAX_LIFETIME_SECONDS,
  endRevocation,
  type IssuerOptions,
  MAX_TIME_MS,
  type Revocation,
  type RevocationTarget,
  type Validator,
} from "countersign";

import { nameIssuer } from "../../config/issuer-alias.ts";
import { ApiError } from "./api-route.ts";
import type { RevokeForm } from "./revocation-forms.ts";

export interface RevocationMakerSetup {
  /** Of the configuration in force. */
  issuers(): readonly IssuerOptions[];
  validator(): Pick<Validator, "validate">;
  readonly clock: () => number;
}

/** Of tokens whose text is given: whether they are bound to somebody is not asked, only whose they are. */
const UNBOUND = { presentation: "unchecked", revocationFreshness: "unchecked" } as const;

/** @throws ApiError */
export async function createRevocation(
  form: RevokeForm,
  { actor, setup }: { readonly actor: string; readonly setup: RevocationMakerSetup },
): Promise<Revocation> {
  const nowMs = Math.floor(setup.clock());
  const { target, endMs } =
    form.target === undefined
      ? await nameToken(form.token ?? "", setup)
      : completeTarget(form.target, { setup, nowMs });
  return {
    id: form.id ?? `r-${randomBytes(12).toString("base64url")}`,
    target,
    status: form.status,
    actor: form.onBehalfOf === undefined ? actor : `${actor} for ${form.onBehalfOf}`.slice(0, 256),
    reason: form.reason,
    createdAtMs: nowMs,
    expiresAtMs: form.expiresAtMs ?? endMs,
  };
}

interface Named {
  readonly target: RevocationTarget;
  readonly endMs: number;
}

/** @throws ApiError where the token is not good, or has no id. */
async function nameToken(token: string, setup: RevocationMakerSetup): Promise<Named> {
  const verdict = await setup.validator().validate(token.trim(), UNBOUND);
  if (!verdict.ok) {
    if (verdict.fault === "system") throw new ApiError(503, verdict.reason, verdict.message);
    throw new ApiError(422, verdict.reason, `the token is not accepted anyway: ${verdict.message}`);
  }
  const { claims, expiresAt } = verdict.token;
  if (typeof claims.jti !== "string" || claims.jti === "") {
    throw new ApiError(422, "claim_missing", "the token has no jti: revoke its subject, session or client");
  }
  return {
    target: { kind: "token", issuer: claims.iss, value: claims.jti },
    endMs: endRevocation({ tokenExpiresAtMs: expiresAt }),
  };
}

function completeTarget(
  given: NonNullable<RevokeForm["target"]>,
  { setup, nowMs }: { readonly setup: RevocationMakerSetup; readonly nowMs: number },
): Named {
  const known = setup.issuers().find((issuer) => [issuer.issuer, nameIssuer(issuer)].includes(given.issuer));
  const target = { ...given, issuer: known?.issuer ?? given.issuer };
  // Who has a key signs tokens of any time.
  if (given.kind === "key") return { target, endMs: MAX_TIME_MS };
  const nowSeconds = Math.floor(nowMs / 1000);
  const { issuedBeforeSeconds = nowSeconds } = given;
  const maxLifetimeSeconds = readLifetime(known);
  const endMs = endRevocation({ issuedBeforeSeconds, maxLifetimeSeconds });
  return { target: given.kind === "token" ? target : { ...target, issuedBeforeSeconds }, endMs };
}

/** Undefined where nothing says when its tokens end. */
function readLifetime(issuer: IssuerOptions | undefined): number | undefined {
  if (issuer === undefined) return undefined;
  const { maxLifetimeSeconds = DEFAULT_MAX_LIFETIME_SECONDS } = issuer;
  return maxLifetimeSeconds === "unchecked" ? undefined : maxLifetimeSeconds;
}
