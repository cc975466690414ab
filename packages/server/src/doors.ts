/** The set of listeners that a configuration asks for, opened and closed as a whole. */

import type { Door } from "./listeners/door.ts";
import type { ServerAddresses } from "./running-server.ts";

/** A door with the address that it got. */
export interface OpenDoor {
  readonly door: Door;
  readonly bound: string;
}

/** Opens all of them or none. @throws Error of the first that fails. */
export async function openDoors(doors: readonly Door[]): Promise<readonly OpenDoor[]> {
  const opened: OpenDoor[] = [];
  try {
    for (const door of doors) opened.push({ door, bound: await door.open() });
    return opened;
  } catch (error) {
    await closeDoors(opened, { timeoutMs: 0 });
    throw error;
  }
}

export interface Closing {
  /** For what is in flight. */
  readonly timeoutMs: number;
  /** Where processes share addresses; see `Door.close`. Called once this one accepts no more. */
  awaitUnheard?(): Promise<void>;
}

/** Closes them. The admin listener goes last: probes see the drain. */
export async function closeDoors(
  doors: readonly OpenDoor[],
  { timeoutMs, awaitUnheard }: Closing,
): Promise<void> {
  const isAdmin = ({ door }: OpenDoor): boolean => door.name === "admin";
  const others = doors.filter((open) => !isAdmin(open));
  // Asked after they are closed: their words go through the same channel.
  const unheard = awaitUnheard && Promise.resolve().then(awaitUnheard);
  await Promise.all(others.map(({ door }) => door.close(timeoutMs, unheard)));
  await Promise.all(doors.filter(isAdmin).map(({ door }) => door.close(0)));
}

export function listAddresses(doors: readonly OpenDoor[]): ServerAddresses {
  const addresses: Record<string, string> = Object.fromEntries(
    doors.map(({ door, bound }) => [door.name, bound]),
  );
  return { ...addresses, admin: addresses["admin"] ?? "" };
}
