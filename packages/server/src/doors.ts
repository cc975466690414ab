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
    await closeDoors(opened, 0);
    throw error;
  }
}

/** Closes them; what is in flight has `timeoutMs`. The admin listener goes last: probes see the drain. */
export async function closeDoors(doors: readonly OpenDoor[], timeoutMs: number): Promise<void> {
  const isAdmin = ({ door }: OpenDoor): boolean => door.name === "admin";
  await Promise.all(doors.filter((open) => !isAdmin(open)).map(({ door }) => door.close(timeoutMs)));
  await Promise.all(doors.filter(isAdmin).map(({ door }) => door.close(0)));
}

export function listAddresses(doors: readonly OpenDoor[]): ServerAddresses {
  const addresses: Record<string, string> = Object.fromEntries(
    doors.map(({ door, bound }) => [door.name, bound]),
  );
  return { ...addresses, admin: addresses["admin"] ?? "" };
}
