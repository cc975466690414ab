/** What is written down about decisions, keys and configurations, and where. */

/** "native": the event as it is. Others: OCSF 1.x, Elastic Common Schema, Common Event Format. */
export type AuditFormat = "native" | "ocsf" | "ecs" | "cef";

export interface AuditConfiguration {
  /** How this sidecar is called in events. Default the machine's name and the process id. */
  readonly instance?: string;
  /** A file with the key of pseudonyms; made at the start where there is none. */
  readonly pseudonymKeyFile: string;
  /** Refusals of one reason and issuer that are told one by one; the others are told as a number. Of each process. */
  readonly denials: { readonly perSecond: number; readonly burst: number };
  /** Which acceptances are told: none, all, or one in so many. */
  readonly acceptances: "off" | "all" | { readonly oneIn: number };
  /** Whether paths of requests are told. */
  readonly paths: boolean;
  /** Events that wait for an output; more are lost, counted, and told. */
  readonly queueEvents: number;
  readonly file?: AuditFileConfiguration;
  readonly stdout?: { readonly format: AuditFormat };
  readonly syslog?: SyslogConfiguration;
  readonly otlp?: AuditHttpConfiguration;
  readonly webhook?: AuditHttpConfiguration & { readonly format: Exclude<AuditFormat, "cef"> };
}

export interface AuditFileConfiguration {
  /** JSON lines, chained by hashes. */
  readonly path: string;
  /** After so many bytes a new file begins. */
  readonly maxBytes: number;
  /** How many files that are no longer written are kept; 0 keeps all. */
  readonly keepFiles: number;
  /** A file with the key that signs heads (Ed25519, PEM); made at the start where there is none. */
  readonly signingKeyFile: string;
}

export interface SyslogConfiguration {
  /** "udp://host:514", "tcp://…", "tls://…", or "unix:/path" for a stream socket. */
  readonly to: string;
  /** 0..23; 13 is "log audit". */
  readonly facility: number;
  readonly format: AuditFormat;
  /** For tls: PEM; default the runtime's certificate authorities. */
  readonly ca?: string;
}

export interface AuditHttpConfiguration {
  readonly url: string;
  /** The header's whole value. */
  readonly authorization?: string;
  readonly timeoutMs: number;
}
