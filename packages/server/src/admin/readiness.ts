/** Whether the keys of every issuer are there: fetched, or an older copy that may still be used. */

import type { EngineEvent, Validator } from "countersign";
import { KeysNotReadyError } from "countersign";

import type { OperationalLog } from "../telemetry/operational-log.ts";

export interface IssuerReadiness {
  /** Alias. */
  readonly issuer: string;
  readonly ready: boolean;
}

export interface Readiness {
  /** For `ValidatorOptions.observer`. */
  observe(event: EngineEvent): void;
  /** Keys are there, and may be used until then; undefined where they do not age. */
  noteKeys(issuer: string, usableUntil: number | undefined): void;
  /** Asks the validator for its keys, again and again until they are there. */
  start(validator: Pick<Validator, "ready">): void;
  list(): readonly IssuerReadiness[];
  stop(): void;
}

interface IssuerState {
  hasKeys: boolean;
  /** Milliseconds since the epoch; undefined where the copy does not age. */
  usableUntil: number | undefined;
}

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;

/** Creates the readiness of one sidecar; nothing is ready before `start`. */
export function createReadiness(setup: {
  readonly issuers: readonly string[];
  readonly logger: OperationalLog;
  readonly clock: () => number;
}): Readiness {
  const states = new Map(setup.issuers.map((issuer): [string, IssuerState] => [issuer, noKeys()]));
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function attempt(validator: Pick<Validator, "ready">, delayMs: number): Promise<void> {
    const failed = await listFailed(validator, setup.issuers);
    if (stopped) return;
    for (const [issuer, state] of states) state.hasKeys = !failed.includes(issuer);
    if (failed.length === 0)
      return setup.logger.info({ issuers: setup.issuers }, "the keys of every issuer are there");
    setup.logger.warn({ issuers: failed, retryMs: delayMs }, "keys are not there yet");
    timer = setTimeout(() => void attempt(validator, Math.min(delayMs * 2, LAST_RETRY_MS)), delayMs);
    timer.unref();
  }

  return {
    observe(event) {
      if (event.type !== "keys_fetch_finished") return;
      const state = states.get(event.issuer);
      if (state === undefined) return;
      if (event.result === "success" || event.result === "not_modified") state.hasKeys = true;
      if (event.usableUntil !== undefined) state.usableUntil = event.usableUntil;
    },
    noteKeys(issuer, usableUntil) {
      const state = states.get(issuer);
      if (state === undefined) return;
      state.hasKeys = true;
      state.usableUntil = usableUntil;
    },
    start: (validator) => void attempt(validator, FIRST_RETRY_MS),
    list: () =>
      Array.from(states, ([issuer, { hasKeys, usableUntil }]) => {
        return { issuer, ready: hasKeys && (usableUntil === undefined || setup.clock() < usableUntil) };
      }),
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function noKeys(): IssuerState {
  return { hasKeys: false, usableUntil: undefined };
}

async function listFailed(
  validator: Pick<Validator, "ready">,
  all: readonly string[],
): Promise<readonly string[]> {
  try {
    await validator.ready();
    return [];
  } catch (error) {
    return error instanceof KeysNotReadyError ? error.failures.map(({ issuer }) => issuer) : all;
  }
}
