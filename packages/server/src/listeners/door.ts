/** One address that the sidecar listens on. It outlives configurations: what answers behind it is exchanged. */

import type { ListenAddress } from "../config/configuration.ts";

export type DoorName = "decision" | "extAuthz" | "proxy" | "admin";

/** A listener that stays while its address stays. */
export interface Door {
  readonly name: DoorName;
  readonly address: ListenAddress;
  /** What is spoken where that is not the usual. Stays. */
  readonly speaks?: string | undefined;
  /**
   * Starts listening and gives the address, with the port that was taken.
   * @throws Error that names the address and the cause.
   */
  open(): Promise<string>;
  /**
   * Stops accepting, lets what is in flight finish, cuts what is left after `timeoutMs`. Idempotent.
   *
   * @param unheard Where processes share the address: settles once none of them accepts any more. Until then nobody is
   * told to close a connection, for a new one would still be taken and could be lost. Never rejects.
   */
  close(timeoutMs: number, unheard?: Promise<void>): Promise<void>;
}

/** Bounds of a listener. All but what a connection has already begun with can change while it listens. */
export interface HttpDoorLimits {
  /** Longest header section in bytes. */
  readonly maxHeaderBytes: number;
  /** From a request's first byte to the end of its header section. */
  readonly headersTimeoutMs: number;
  /** From a request's first byte to its last. */
  readonly requestTimeoutMs: number;
  /** Longest silence on a connection with a request in flight; undefined for none. */
  readonly silenceTimeoutMs: number | undefined;
  /** Connections at the same time; more are closed at once. */
  readonly maxConnections: number;
}

/** A door whose bounds can change while it listens. */
export interface LimitedDoor extends Door {
  apply(limits: HttpDoorLimits): void;
}
