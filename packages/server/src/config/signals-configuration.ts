/** Whose signals revoke. */

import type { KeysOptions } from "countersign";

import type { UpstreamTlsConfiguration } from "./upstream-tls-configuration.ts";

export interface SignalsConfiguration {
  /** OpenID Connect Back-Channel Logout 1.0. Default none. */
  readonly logout: readonly LogoutConfiguration[];
  /** Shared Signals Framework 1.0. Default none. */
  readonly transmitters: readonly TransmitterConfiguration[];
}

/** An issuer whose logout tokens end sessions. */
export interface LogoutConfiguration {
  /** The alias of one of `issuers`: its keys sign logout tokens too, and only its subjects and sessions are concerned. */
  readonly issuer: string;
  /** The clients that are logged out: one of them is in `aud`. */
  readonly audiences: readonly string[];
  /** Accepted `typ`; "JWT" admits none too. Default "logout+jwt". */
  readonly types?: readonly string[];
  /** What ends where a logout token names both a session and a subject. Default "session". */
  readonly ends: "session" | "subject";
  /** How long ago a logout token may have been issued. Default 600; 1..86400. */
  readonly maxAgeSeconds: number;
}

/** Who sends security event tokens (RFC 8417) about one issuer's subjects. */
export interface TransmitterConfiguration {
  /** Of this entry: in paths and logs. */
  readonly name: string;
  /** The alias of one of `issuers`: only its subjects, sessions, clients and tokens are concerned. */
  readonly issuer: string;
  /** The `iss` of the events. Default that of the issuer. */
  readonly transmitter?: string;
  /** What we are called: one of them is in `aud`. */
  readonly audiences: readonly string[];
  /** Default those of the issuer, which only the issuer itself may use. */
  readonly keys?: KeysOptions;
  /** Default those of the issuer. */
  readonly algorithms?: readonly string[];
  /** Events come to us (RFC 8935). Either this or `poll`. */
  readonly push?: PushConfiguration;
  /** Events are asked for (RFC 8936). */
  readonly poll?: PollConfiguration;
  /** What a subject that is an opaque id stands for in tokens. Default "unknown": such events revoke nothing. */
  readonly opaque: "session" | "subject" | "unknown";
  /** Whether an e-mail address is the `sub` of tokens. Default "unknown": it is not. */
  readonly email: "subject" | "unknown";
  /** Members of complex subjects that must not be passed over, by the transmitter's metadata. Default none. */
  readonly criticalSubjectMembers: readonly string[];
  /** The `state` that verification events bear where they bear one. */
  readonly verificationState?: string;
  /** By event: its URI, or the last part of it for those of CAEP and RISC. */
  readonly policy: Readonly<Record<string, SignalAction>>;
}

/** "revoke": where the event's own members say that something got worse. "always": whatever they say. */
export type SignalAction = "revoke" | "always" | "ignore";

export interface PushConfiguration {
  /** The whole value of the header `Authorization`. */
  readonly authorization: string;
}

export interface PollConfiguration {
  /** https; http to this machine with `insecureLoopbackHttp`. */
  readonly endpoint: string;
  /** The whole value of the header `Authorization`. Absent where `tls` has a certificate that says who we are. */
  readonly authorization?: string;
  readonly tls?: UpstreamTlsConfiguration;
  /** Asks this often, and is answered at once. Absent: long polls, one after the other. */
  readonly everySeconds?: number;
  /** Most events of one answer. */
  readonly maxEvents: number;
  /** Until the whole answer: longer than the transmitter holds a long poll. */
  readonly timeoutSeconds: number;
  readonly maxAnswerBytes: number;
  readonly insecureLoopbackHttp: boolean;
}
