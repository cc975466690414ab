/** What every server that is measured is to the race. */

import type { VerificationKey } from "../tokens/key-material.ts";
import type { Place } from "./pin-command.ts";
import type { KeyServer } from "./serve-keys.ts";

/** Where a server is started, and what it needs to know. */
export interface ServerSite {
  /** A folder of its own. */
  readonly folder: string;
  /** Of the one issuer. */
  readonly key: VerificationKey;
  /** Where the issuer's key set is, for those who must fetch it. */
  readonly keys: KeyServer;
  /** "host:port" of what proxies forward to. */
  readonly upstream: string;
  /** Default the core of servers. */
  readonly cores?: Place;
}

export interface RunningServer {
  /** Program and version. */
  readonly runtime: string;
  /** "host:port". */
  readonly address: string;
  /** Its processes, each with its descendants. */
  readonly processIds: readonly number[];
  close(): Promise<void>;
}

export interface ServerKind {
  /** As in the rows. */
  readonly subject: string;
  /** What is needed to start it, for the list of what was not measured. */
  readonly needs: string;
  /** @throws ProgramMissing where it cannot be had here. */
  start(site: ServerSite): Promise<RunningServer>;
}
