import type { ProbeLog } from "./probe-step.ts";

/** What opening a connection needs to know and to tell. */
export interface ConnectionOptions {
  readonly target: string;
  readonly log: ProbeLog;
  /** For each of DNS, TCP and TLS. */
  readonly timeoutMs: number;
  /** PEM of the authorities that are trusted. Default those of this machine. */
  readonly ca?: string;
}
