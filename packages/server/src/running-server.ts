import type { Validator } from "countersign";

import type { DecisionListener } from "./decision/decision-event.ts";
import type { OperationalLog } from "./telemetry/operational-log.ts";

/** What a file cannot say. */
export interface ServerOptions {
  /** Default pino on standard error at level "info". A pino logger fits. */
  readonly logger?: OperationalLog;
  /** Sees every decision; what it throws is swallowed. */
  readonly onDecision?: DecisionListener;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
  /** Default one made of the configuration. One that is given stays open after `close`, and its key metrics are not known. */
  readonly validator?: Validator;
}

/** Where the listeners are, as "host:port" or "unix:/path"; with the port that was taken where 0 was asked for. */
export interface ServerAddresses {
  readonly decision?: string;
  readonly proxy?: string;
  readonly admin: string;
}

export interface RunningServer {
  readonly addresses: ServerAddresses;
  readonly validator: Validator;
  /** Stops accepting, lets requests in flight finish within `shutdown.drainTimeoutMs`, then cuts them; idempotent. */
  close(): Promise<void>;
}
