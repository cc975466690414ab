import type { ConfigurationProblem, Validator } from "countersign";

import type { KeyHolders } from "./admin/held-keys.ts";
import type { Configuration } from "./config/configuration.ts";
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
  /**
   * Processes that judge, where the configuration does not say; "auto" is one for each core. Default 1, and then this
   * process is the only one. With more, `clock` and `validator` cannot be given: other processes cannot have them.
   */
  readonly workers?: number | "auto";
}

/** Where the listeners are, as "host:port" or "unix:/path"; with the port that was taken where 0 was asked for. */
export interface ServerAddresses {
  readonly decision?: string;
  readonly extAuthz?: string;
  readonly proxy?: string;
  readonly admin: string;
}

/** What became of a configuration that was to replace the one in force. */
export type ReloadOutcome =
  | { readonly result: "applied" | "unchanged"; readonly hash: string }
  /** As a whole: nothing of it is in force. */
  | { readonly result: "refused"; readonly problems: readonly ConfigurationProblem[] };

export interface RunningServer {
  /** At the start; a reload that changes listeners logs where they are then. */
  readonly addresses: ServerAddresses;
  /** Of the configuration in force. */
  readonly validator: Validator;
  /**
   * Replaces the configuration, whole or not at all. The new one is ready (listeners, and keys within 10 s) before
   * it comes into force; each request is judged and forwarded by one of them alone. Calls are served in turn.
   *
   * @param load Gives the configuration; a ConfigurationError that it throws refuses the reload. Others are passed on.
   */
  reload(load: () => Promise<Configuration> | Configuration): Promise<ReloadOutcome>;
  /** Stops accepting, lets requests in flight finish within `shutdown.drainTimeoutMs`, then cuts them; idempotent. */
  close(): Promise<void>;
  /** Resolves with the reason when the sidecar could not go on and has closed itself: its workers crash again and again. */
  readonly failure: Promise<Error>;
}

/** As the process that starts it sees it. */
export interface ServingServer extends RunningServer, KeyHolders {
  /** In force. */
  readonly configuration: Configuration;
}
