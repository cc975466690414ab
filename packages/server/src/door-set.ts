/** The listeners that are open: exchanged for those of another configuration in two steps, of which the second cannot fail. */

import { ConfigurationError } from "countersign";

import type { ListenAddress } from "./config/configuration.ts";
import { formatListenAddress } from "./config/listen-address.ts";
import type { Closing, OpenDoor } from "./doors.ts";
import { closeDoors, listAddresses, openDoors } from "./doors.ts";
import type { Door } from "./listeners/door.ts";
import type { ServerAddresses } from "./running-server.ts";

/** A listener that a configuration asks for. */
export interface WantedDoor {
  readonly name: Door["name"];
  readonly address: ListenAddress;
  /** What is spoken on it where that is not the usual; it does not change while the address is open. */
  readonly speaks?: string | undefined;
  create(): Door;
  /** Gives the bounds of a newer configuration to a door that stays. */
  apply?(door: Door): void;
}

/** Listeners that are open and wait for their configuration. */
export interface DoorChange {
  readonly wanted: readonly WantedDoor[];
  readonly kept: readonly OpenDoor[];
  readonly opened: readonly OpenDoor[];
}

export class DoorSet {
  #doors: readonly OpenDoor[] = [];

  get addresses(): ServerAddresses {
    return listAddresses(this.#doors);
  }

  /** Opens the first ones. @throws Error where an address cannot be had; none is open then. */
  async open(wanted: readonly WantedDoor[]): Promise<void> {
    this.#doors = await openDoors(wanted.map((door) => door.create()));
  }

  /** Opens what is wanted and not open yet. @throws ConfigurationError where an address cannot be had. */
  async prepare(wanted: readonly WantedDoor[]): Promise<DoorChange> {
    const kept = this.#doors.filter((open) => wanted.some((door) => isSame(open.door, door)));
    for (const { door } of kept) requireSameSpeech(door, wanted);
    const fresh = wanted.filter((door) => !kept.some((open) => isSame(open.door, door)));
    const opened = await openDoors(fresh.map((door) => door.create())).catch(throwListenProblem);
    return { wanted, kept, opened };
  }

  /** Waits for nothing; the result ends when what is no longer wanted is closed. */
  commit({ wanted, kept, opened }: DoorChange, drainTimeoutMs: number): Promise<void> {
    for (const door of wanted) for (const open of kept) if (isSame(open.door, door)) door.apply?.(open.door);
    const left = this.#doors.filter((open) => !kept.includes(open));
    this.#doors = [...kept, ...opened];
    return closeDoors(left, { timeoutMs: drainTimeoutMs });
  }

  discard({ opened }: DoorChange): Promise<void> {
    return closeDoors(opened, { timeoutMs: 0 });
  }

  close(closing: Closing): Promise<void> {
    return closeDoors(this.#doors, closing);
  }
}

/** @throws ConfigurationError where an open address is to speak something else. */
function requireSameSpeech(open: Door, wanted: readonly WantedDoor[]): void {
  const next = wanted.find((door) => isSame(open, door));
  if (next?.speaks === open.speaks) return;
  const problem = `the open address speaks ${open.speaks ?? "plain HTTP"}, and cannot become another`;
  const remedy = "Start the sidecar again, or choose another address.";
  throw new ConfigurationError([{ path: `listeners.${open.name}.tls`, problem, remedy }]);
}

function isSame(left: Pick<Door, "name" | "address">, right: Pick<Door, "name" | "address">): boolean {
  return left.name === right.name && formatListenAddress(left.address) === formatListenAddress(right.address);
}

/** @throws ConfigurationError that says why an address cannot be had. */
export function throwListenProblem(error: unknown): never {
  const problem = error instanceof Error ? error.message : "a listener cannot be opened";
  throw new ConfigurationError([
    { path: "listeners", problem, remedy: "Free the address, or choose another." },
  ]);
}
