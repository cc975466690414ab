/** Takes the security events of one transmitter, however they come: verifies them, and revokes what they say. */

import type { EventVerdict, ReasonName, Rejected, VerifiedEvent } from "countersign";

import { ApiError } from "../admin/api/api-route.ts";
import { createRevocation, type RevocationMakerSetup } from "../admin/api/create-revocation.ts";
import { nameIssuer } from "../config/issuer-alias.ts";
import type { TransmitterConfiguration } from "../config/signals-configuration.ts";
import type { Revocations } from "../revocation/revocations.ts";
import { RevocationConflictError } from "../stores/revocation-store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import type { SignalSample } from "../telemetry/signal-metrics.ts";
import { isRevoking, nameEvent, VERIFICATION_EVENT } from "./event-policy.ts";
import { nameSignal } from "./name-signal.ts";
import type { SignalVerifier } from "./signal-verifier.ts";
import { readSubject, type SubjectTarget } from "./subject-targets.ts";

/** RFC 8935 section 2.4; `invalid_state` of the Shared Signals Framework 1.0. */
export type EventErrorCode =
  | "invalid_request"
  | "invalid_key"
  | "invalid_issuer"
  | "invalid_audience"
  | "authentication_failed"
  | "access_denied"
  | "invalid_state";

export interface EventError {
  readonly err: EventErrorCode;
  readonly description: string;
}

export interface EventReceiverSetup extends RevocationMakerSetup {
  readonly transmitter: TransmitterConfiguration;
  readonly verifier: Pick<SignalVerifier, "verify">;
  readonly revocations: { readonly store: Pick<Revocations["store"], "append"> };
  readonly logger: OperationalLog;
  readonly metrics: Pick<Metrics, "recordSignal">;
}

/** What the sender says of an event beside the event. */
export interface EventDelivery {
  /** The `jti` under which it came (RFC 8936 section 2.3). Default it came under none. */
  readonly jti?: string;
}

const ERRORS: Partial<Record<ReasonName, EventErrorCode>> = {
  issuer_untrusted: "invalid_issuer",
  audience_mismatch: "invalid_audience",
  algorithm_not_allowed: "invalid_key",
  key_unknown: "invalid_key",
  key_unsuitable: "invalid_key",
  signature_invalid: "authentication_failed",
};

/** What an event did; the first that one of several events did counts. */
type Effect = "revoked" | "repeated" | "no_effect";
const EFFECTS: readonly Effect[] = ["revoked", "repeated", "no_effect"];

export class EventReceiver {
  readonly #setup: EventReceiverSetup;

  constructor(setup: EventReceiverSetup) {
    this.#setup = setup;
  }

  /**
   * Undefined once everything that it revokes is as durable as the store is; the same event again changes nothing.
   * @throws ApiError, StoreUnavailableError where that cannot be said: then it has to come again.
   */
  async take(text: string, delivery: EventDelivery = {}): Promise<EventError | undefined> {
    try {
      return await this.#take(text, delivery);
    } catch (error) {
      this.#count({ outcome: "failed" });
      throw error;
    }
  }

  async #take(text: string, delivery: EventDelivery): Promise<EventError | undefined> {
    const verdict: EventVerdict = await this.#setup.verifier.verify(text);
    if (!verdict.ok) return this.#refuse(verdict);
    const { claims } = verdict.event;
    if (delivery.jti !== undefined && delivery.jti !== claims.jti) {
      this.#count({ outcome: "refused", reason: "claim_invalid" });
      return { err: "invalid_request", description: "the event has another jti than it came under" };
    }
    const events = claims["events"] as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    const verification = Object.hasOwn(events, VERIFICATION_EVENT) ? events[VERIFICATION_EVENT] : undefined;
    if (verification !== undefined && !this.#isExpected(verification)) {
      return { err: "invalid_state", description: "the state is not the one that was asked for" };
    }
    const outcomes: Effect[] = [];
    for (const [type, event] of Object.entries(events)) {
      outcomes.push(await this.#apply(verdict.event, { type, event }));
    }
    this.#count({ outcome: EFFECTS.find((effect) => outcomes.includes(effect)) ?? "no_effect" });
    return undefined;
  }

  #isExpected(verification: Readonly<Record<string, unknown>>): boolean {
    const { logger, transmitter } = this.#setup;
    const { state } = verification;
    if (state === undefined || state === transmitter.verificationState) return true;
    logger.warn(
      { transmitter: transmitter.name },
      "a verification event has another state than was asked for",
    );
    this.#count({ outcome: "refused", reason: "invalid_state" });
    return false;
  }

  #count(sample: Pick<SignalSample, "outcome" | "reason">): void {
    this.#setup.metrics.recordSignal({ kind: "event", source: this.#setup.transmitter.name, ...sample });
  }

  #refuse({ fault, reason, message }: Rejected): EventError {
    if (fault === "system") throw new ApiError(503, reason, message);
    this.#count({ outcome: "refused", reason });
    this.#setup.logger.warn(
      { transmitter: this.#setup.transmitter.name, reason },
      "a security event was refused",
    );
    return { err: ERRORS[reason] ?? "invalid_request", description: `${reason}: ${message}` };
  }

  async #apply(
    { claims }: VerifiedEvent,
    { type, event }: { readonly type: string; readonly event: Readonly<Record<string, unknown>> },
  ): Promise<Effect> {
    const { transmitter, logger, clock } = this.#setup;
    const { policy, name: sender } = transmitter;
    const name = nameEvent(type, policy) ?? "another";
    if (!isRevoking(type, event, policy)) {
      logger.info({ transmitter: sender, event: name }, "a security event revokes nothing");
      return "no_effect";
    }
    const subjects = readSubject(claims["sub_id"], { ...transmitter, issuer: this.#findIssuer() });
    if (typeof subjects === "string") {
      logger.warn(
        { transmitter: sender, event: name, subject: subjects },
        "a security event is about nobody here",
      );
      return "no_effect";
    }
    const seconds = findTime(event, claims) ?? clock() / 1000;
    const issuedBeforeSeconds = Math.floor(Math.min(seconds, clock() / 1000));
    let effect: Effect = "repeated";
    for (const [index, subject] of subjects.entries()) {
      const id = nameSignal("event", {
        issuer: claims.iss,
        jti: claims.jti ?? "",
        part: JSON.stringify([sender, type, index]),
      });
      const isNew = await this.#revoke(subject, { id, name, issuedBeforeSeconds });
      if (isNew) effect = "revoked";
    }
    logger.info(
      { transmitter: sender, event: name, ended: subjects.map(({ kind }) => kind) },
      "a security event revoked",
    );
    return effect;
  }

  /** Whether it was not revoked by the same event before. */
  async #revoke(
    { kind, value }: SubjectTarget,
    {
      id,
      name,
      issuedBeforeSeconds,
    }: { readonly id: string; readonly name: string; readonly issuedBeforeSeconds: number },
  ): Promise<boolean> {
    const { transmitter, revocations } = this.#setup;
    const target = {
      kind,
      issuer: this.#findIssuer(),
      value,
      ...(kind === "token" ? {} : { issuedBeforeSeconds }),
    };
    const form = { id, target, status: "revoked", reason: `security event ${name}`.slice(0, 1024) } as const;
    const actor = `transmitter ${transmitter.name}`;
    const revocation = await createRevocation(form, { actor, setup: this.#setup });
    try {
      const [result] = await revocations.store.append([revocation]);
      return result?.outcome !== "known";
    } catch (error) {
      // It was taken before, under settings or a clock that made it end at another time.
      if (!(error instanceof RevocationConflictError)) throw error;
      return false;
    }
  }

  /** @throws ApiError where a reload took the issuer away. */
  #findIssuer(): string {
    const known = this.#setup.issuers().find((each) => nameIssuer(each) === this.#setup.transmitter.issuer);
    if (known !== undefined) return known.issuer;
    throw new ApiError(503, "issuer_unknown", "the issuer is not configured any more");
  }
}

/** When it happened: what is older is concerned (CAEP section 2, RFC 8417 section 2.2). In seconds. */
function findTime(
  event: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
): number | undefined {
  const times = [event["event_timestamp"], claims["toe"], claims["iat"]];
  return times.find((time): time is number => typeof time === "number" && Number.isFinite(time) && time >= 0);
}
