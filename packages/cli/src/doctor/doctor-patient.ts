import type { Configuration } from "@countersign/server";

/** What is examined, and how long it may take. */
export interface DoctorPatient {
  /** Path of the configuration file. */
  readonly file: string;
  /** Its text: only to see how secrets are written. */
  readonly text: string;
  readonly configuration: Configuration;
  /** For each of DNS, TCP, TLS and HTTP. */
  readonly timeoutMs: number;
}
