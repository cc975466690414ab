/** Where an OpenID provider says that somebody logged out (OpenID Connect Back-Channel Logout 1.0). */

import type {
  EventIssuerOptions,
  IssuerOptions,
  Rejected,
  RevocationTarget,
  VerifiedEvent,
} from "countersign";
import * as z from "zod";

import { type ApiRoute, answerJson, defineRoute } from "../admin/api/api-route.ts";
import { createRevocation, type RevocationMakerSetup } from "../admin/api/create-revocation.ts";
import { nameIssuer } from "../config/issuer-alias.ts";
import type { LogoutConfiguration } from "../config/signals-configuration.ts";
import type { Answer } from "../decision/http-answer.ts";
import type { Revocations } from "../revocation/revocations.ts";
import type { AppendResult } from "../stores/revocation-store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import type { SignalOutcome } from "../telemetry/signal-metrics.ts";
import { nameSignal } from "./name-signal.ts";
import type { SignalVerifier } from "./signal-verifier.ts";

export interface LogoutRouteSetup extends RevocationMakerSetup {
  readonly configuration: readonly LogoutConfiguration[];
  readonly verifier: Pick<SignalVerifier, "verify">;
  readonly revocations: { readonly store: Pick<Revocations["store"], "append"> };
  readonly logger: OperationalLog;
  readonly metrics: Pick<Metrics, "recordSignal">;
}

const MAX_TOKEN_CHARACTERS = 16_384;

const form = z.object({ logout_token: z.string().min(1).max(MAX_TOKEN_CHARACTERS) });

const DONE: Answer = { status: 200, headers: [["Cache-Control", "no-store"]], body: "" };

/** The issuers of logout tokens, with the keys that their access tokens have. */
export function listLogoutIssuers(
  configuration: readonly LogoutConfiguration[],
  issuers: readonly IssuerOptions[],
): readonly EventIssuerOptions[] {
  return configuration.flatMap(({ issuer: alias, audiences, types, maxAgeSeconds }) => {
    const known = issuers.find((each) => nameIssuer(each) === alias);
    if (known === undefined) return [];
    const { issuer, algorithms, keys, clockToleranceSeconds } = known;
    return {
      issuer,
      name: alias,
      keys,
      audiences,
      maxAgeSeconds,
      ...(types !== undefined && { types }),
      ...(algorithms !== undefined && { algorithms }),
      ...(clockToleranceSeconds !== undefined && { clockToleranceSeconds }),
    };
  });
}

export function createLogoutRoute(setup: LogoutRouteSetup): ApiRoute {
  const { verifier, logger, metrics } = setup;
  return defineRoute({
    method: "POST",
    path: "/signals/logout",
    operationId: "logOut",
    summary:
      "Ends a session or a subject's sessions, by a logout token (OpenID Connect Back-Channel Logout).",
    // Who may is who can sign.
    access: "anybody",
    body: { type: "application/x-www-form-urlencoded", schema: form },
    answers: { 200: { description: "It is ended, and that is durable as the store is." } },
    async handle({ body }) {
      const verdict = await verifier.verify(body.logout_token);
      if (!verdict.ok) return refuse(verdict, setup);
      const { event } = verdict;
      const count = (outcome: SignalOutcome): void =>
        metrics.recordSignal({ kind: "logout", source: event.issuer, outcome });
      try {
        const { outcome, ended, id } = await end(event, setup);
        count(outcome === "known" ? "repeated" : "revoked");
        if (outcome === "known") {
          logger.warn({ issuer: event.issuer }, "a logout token came again; what it ended stays ended");
          return answerError("the logout token was taken before");
        }
        logger.info({ issuer: event.issuer, ended, id }, "logged out");
        return DONE;
      } catch (error) {
        count("failed");
        throw error;
      }
    },
  });
}

interface Ended {
  readonly ended: RevocationTarget["kind"];
  readonly id: string;
  readonly outcome: AppendResult["outcome"];
}

async function end(event: VerifiedEvent, setup: LogoutRouteSetup): Promise<Ended> {
  const { iss, jti = "" } = event.claims;
  const target = chooseTarget(event, setup);
  const id = nameSignal("logout", { issuer: iss, jti });
  const actor = `back-channel logout of ${event.issuer}`;
  const form = { id, target, status: "revoked", reason: "logged out" } as const;
  const revocation = await createRevocation(form, { actor, setup });
  const [result] = await setup.revocations.store.append([revocation]);
  return { ended: target.kind, id, outcome: result?.outcome ?? "added" };
}

/** Only of the issuer that signed. What is issued after the logout is a new login. */
function chooseTarget(
  { claims, issuer: alias }: VerifiedEvent,
  { configuration, clock }: LogoutRouteSetup,
): RevocationTarget {
  const { iss: issuer, sub, sid, iat = 0 } = claims;
  const issuedBeforeSeconds = Math.floor(Math.min(iat, clock() / 1000));
  const ends = configuration.find((each) => each.issuer === alias)?.ends;
  const endsSession = typeof sid === "string" && (typeof sub !== "string" || ends !== "subject");
  if (endsSession) return { kind: "session", issuer, value: sid, issuedBeforeSeconds };
  return { kind: "subject", issuer, value: sub ?? "", issuedBeforeSeconds };
}

function refuse(
  { fault, issuer = "_untrusted", reason, message, retryAfterSeconds = 1 }: Rejected,
  { logger, metrics }: Pick<LogoutRouteSetup, "logger" | "metrics">,
): Answer {
  const outcome = fault === "client" ? "refused" : "failed";
  metrics.recordSignal({ kind: "logout", source: issuer, outcome, reason });
  logger.warn({ issuer, reason }, "a logout token was refused");
  if (fault === "client") return answerError(`${reason}: ${message}`);
  const answer = answerJson(503, { error: "temporarily_unavailable", error_description: message });
  return { ...answer, headers: [...answer.headers, ["Retry-After", String(retryAfterSeconds)]] };
}

/** Back-Channel Logout 1.0 section 2.8. */
function answerError(description: string): Answer {
  return answerJson(400, { error: "invalid_request", error_description: description });
}
