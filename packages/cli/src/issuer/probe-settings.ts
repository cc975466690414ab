import type { ProbeLog } from "./probe-step.ts";

/** What every probe of one run shares. */
export interface ProbeSettings {
  readonly log: ProbeLog;
  /** For each of DNS, TCP, TLS and HTTP. */
  readonly timeoutMs: number;
  /** The issuer as the user wrote it. */
  readonly issuerText: string;
  /** Where no metadata is to be asked for. */
  readonly jwksUri: URL | undefined;
}
