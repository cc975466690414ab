import { setTimeout as pause } from "node:timers/promises";
import { type Verifier, VerifierUnavailableError } from "../gates/verifier.ts";

/** How one verifier stands to a key that was revoked. */
export interface InstanceReport {
  readonly verifier: string;
  readonly status: "refuses" | "accepts" | "unavailable";
  /** When it last accepted a token of the key, by our clock; undefined where it never did since it started. */
  readonly lastAcceptedAtMs: number | undefined;
  /** From the beginning of the emergency until it had last accepted one: below 0 where that was before. */
  readonly acceptedAfterMs: number | undefined;
  /** From the beginning until it was asked and refused. */
  readonly refusedAfterMs: number | undefined;
  readonly detail: string;
}

export interface WatchQuery {
  readonly issuer: string;
  readonly keyId: string;
  readonly verifiers: readonly Verifier[];
  readonly waitMs: number;
  /** When the emergency began, by our clock. */
  readonly startedAtMs: number;
  /** Milliseconds since then. */
  readonly elapsedMs: () => number;
}

const INTERVAL_MS = 50;
/** Processes learn of a revocation one after the other: what they accepted last is asked for once more after this. */
const SETTLE_MS = 500;

/** Asks each until all of its processes have said that they refuse, or the time is over. Never rejects. */
export async function watchInstances(query: WatchQuery): Promise<readonly InstanceReport[]> {
  return Promise.all(query.verifiers.map((verifier) => watchOne(verifier, query)));
}

async function watchOne(verifier: Verifier, query: WatchQuery): Promise<InstanceReport> {
  const started = performance.now();
  for (;;) {
    const refusedAfterMs = query.elapsedMs();
    const report = await look(verifier, query);
    if (report.status === "refuses") {
      await pause(SETTLE_MS);
      return { ...(await look(verifier, query)), refusedAfterMs };
    }
    if (performance.now() - started >= query.waitMs) return report;
    await pause(INTERVAL_MS);
  }
}

async function look(verifier: Verifier, { issuer, keyId, startedAtMs }: WatchQuery): Promise<InstanceReport> {
  const base = { verifier: verifier.name };
  try {
    const held = await verifier.readKeys(issuer);
    const key = held.keys.find((each) => each.keyId === keyId);
    const usedMs = key?.lastUsedAtMs ?? undefined;
    const lastAcceptedAtMs = usedMs === undefined ? undefined : Math.round(usedMs - held.clockAheadMs);
    const seen = {
      ...base,
      lastAcceptedAtMs,
      acceptedAfterMs: lastAcceptedAtMs === undefined ? undefined : lastAcceptedAtMs - startedAtMs,
    };
    const isRefused = key === undefined || key.state === "revoked" || key.state === "gone";
    const silent = held.judging - held.answered;
    if (isRefused && silent <= 0)
      return { ...seen, status: "refuses", refusedAfterMs: undefined, detail: "it refuses the key" };
    const detail = isRefused
      ? `${silent} of its ${held.judging} processes do not answer`
      : "it still accepts the key";
    return { ...seen, status: "accepts", refusedAfterMs: undefined, detail };
  } catch (error) {
    const detail =
      error instanceof VerifierUnavailableError
        ? error.message
        : "it could not be asked, by a defect of ours";
    const nothing = { lastAcceptedAtMs: undefined, acceptedAfterMs: undefined, refusedAfterMs: undefined };
    return { ...base, ...nothing, status: "unavailable", detail };
  }
}
