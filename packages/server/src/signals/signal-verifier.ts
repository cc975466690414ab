/** The verifier of what issuers sign, for the configuration in force. */

import {
  createEventVerifier,
  type EventIssuerOptions,
  type EventKind,
  type EventVerdict,
  type EventVerifier,
} from "countersign";

import { logEngineEvent } from "../telemetry/log-engine-event.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";

export interface SignalVerifierSetup {
  readonly kind: EventKind;
  /** Whose signals are believed, of the configuration in force. */
  issuers(): readonly EventIssuerOptions[];
  readonly clock: () => number;
  readonly logger: OperationalLog;
}

/** Keys are fetched from the first signal on, and kept for as long as a reload leaves the issuers as they are. */
export class SignalVerifier {
  readonly #setup: SignalVerifierSetup;
  #current: { readonly settings: string; readonly verifier: EventVerifier } | undefined;

  constructor(setup: SignalVerifierSetup) {
    this.#setup = setup;
  }

  verify(text: string): Promise<EventVerdict> {
    return this.#open().verify(text);
  }

  async close(): Promise<void> {
    await this.#current?.verifier.close();
  }

  #open(): EventVerifier {
    const { kind, clock, logger } = this.#setup;
    const issuers = this.#setup.issuers();
    const settings = JSON.stringify(issuers);
    if (this.#current?.settings === settings) return this.#current.verifier;
    const verifier = createEventVerifier({
      kind,
      issuers,
      clock,
      observer: (event) => logEngineEvent(event, logger),
    });
    this.#current?.verifier.close().catch((error: unknown) => {
      logger.error({ err: error }, "the keys of an earlier configuration could not be closed");
    });
    this.#current = { settings, verifier };
    return verifier;
  }
}
