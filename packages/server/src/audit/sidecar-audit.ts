/** What a sidecar tells of itself: its configurations, the keys that it trusts, and what operators revoke. */

import type { ConfigurationProblem, EngineEvent, KeySummary, Revocation } from "countersign";

import type { Configuration } from "../config/configuration.ts";
import { hashConfiguration } from "../config/hash-configuration.ts";
import { listWeaknesses } from "../config/list-weaknesses.ts";
import type { AuditDraft } from "./audit-event.ts";
import type { AuditTrail } from "./audit-trail.ts";
import { KeyHistory } from "./key-history.ts";

/** Most weaknesses, and places of problems, that one configuration tells. */
const MAX_TOLD = 200;
const MAX_PLACES = 10;

export class SidecarAudit {
  readonly trail: AuditTrail;
  readonly #clock: () => number;
  readonly #keys = new KeyHistory();
  readonly #ends: (() => void)[] = [];

  constructor(trail: AuditTrail, clock: () => number) {
    this.trail = trail;
    this.#clock = clock;
  }

  /** Calls `end` before the trail ends: what it tells then is still written. */
  beforeClose(end: () => void): void {
    this.#ends.push(end);
  }

  close(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    return this.trail.close();
  }

  /** Of decisions, in this process or in a worker. */
  record(draft: AuditDraft): void {
    const told = draft.event === "key.first_used" ? this.#keys.describeFirstUse(draft) : draft;
    if (told !== undefined) this.trail.record(told);
  }

  /** For the engine's observer, in the process that fetches keys. */
  observe(event: EngineEvent): void {
    const timeMs = this.#clock();
    switch (event.type) {
      case "key_set_changed": {
        const { issuer } = event;
        const { added, removed } = this.#keys.change(event, timeMs);
        for (const key of removed)
          this.trail.record({ event: "key.removed", timeMs, issuer, ...describe(key) });
        for (const key of added) this.trail.record({ event: "key.added", timeMs, issuer, ...describe(key) });
        return;
      }
      case "key_set_suspicious": {
        const { issuer, keysBefore, keysAfter } = event;
        const detail = `${keysBefore} keys before, ${keysAfter} now`;
        this.trail.record({ event: "key.set_held_back", timeMs, issuer, detail });
        return;
      }
      case "key_refused":
        this.trail.record({ event: "key.refused", timeMs, issuer: event.issuer, detail: event.problem });
        return;
      default:
        return;
    }
  }

  /** A configuration comes into force, with what it weakens. Resolves once that is written. */
  async recordApplied(configuration: Configuration): Promise<void> {
    const timeMs = this.#clock();
    const hash = hashConfiguration(configuration);
    const weaknesses = listWeaknesses(configuration);
    const told = weaknesses.slice(0, MAX_TOLD).map(
      ({ path, kind, reason, isAccepted }): AuditDraft => ({
        event: "configuration.weakness",
        timeMs,
        configuration: hash,
        place: path,
        detail: reason,
        weakness: kind,
        accepted: isAccepted,
      }),
    );
    const applied: AuditDraft = {
      event: "configuration.applied",
      timeMs,
      configuration: hash,
      count: weaknesses.length,
    };
    await this.trail.recordDurably([applied, ...told]);
  }

  async recordRefused(problems: readonly ConfigurationProblem[], inForce: string): Promise<void> {
    const places = problems.slice(0, MAX_PLACES).map(({ path }) => path);
    await this.trail.recordDurably([
      {
        event: "configuration.refused",
        timeMs: this.#clock(),
        configuration: inForce,
        count: problems.length,
        // What is wrong there may quote the file.
        place: places.join(", "),
      },
    ]);
  }

  async recordRevocations(revocations: readonly Revocation[]): Promise<void> {
    const timeMs = this.#clock();
    await this.trail.recordDurably(
      revocations.map(({ id, target, status, actor }): AuditDraft => {
        const { kind, issuer } = target;
        return {
          event: "revocation.added",
          timeMs,
          revocation: id,
          targetKind: kind,
          detail: status,
          identities: { actor, identityIssuer: issuer, ...("value" in target && { target: target.value }) },
        };
      }),
    );
  }

  async recordLift({ id, actor }: { readonly id: string; readonly actor: string }): Promise<void> {
    const timeMs = this.#clock();
    await this.trail.recordDurably([
      { event: "revocation.lifted", timeMs, revocation: id, identities: { actor } },
    ]);
  }
}

function describe({ keyId, algorithm }: KeySummary): Pick<AuditDraft, "keyId" | "algorithm"> {
  return { algorithm, ...(keyId !== undefined && { keyId }) };
}
