/** Asks a sidecar for the inventory of its store. */

import { setTimeout as pause } from "node:timers/promises";

import type { CommandContext } from "../command-context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { renderInventory } from "../output/inventory-report.ts";
import { writeJson } from "../output/json-output.ts";
import { type ApiFlags, openApi } from "../revoke/api-client.ts";
import type { Inventory } from "./inventory.ts";

export interface InventoryFlags extends ApiFlags {
  readonly json?: true;
}

/** Reports are a second old: who is only behind is asked for again before it counts. */
const TRIES = 4;
const PAUSE_MS = 1000;

/** @throws CommandFailure where there is no answer. */
export async function takeInventory(flags: InventoryFlags, { terminal }: CommandContext): Promise<ExitCode> {
  const api = await openApi(flags);
  const read = async (): Promise<Inventory> =>
    JSON.parse((await api.ask({ path: "/inventory" })).text) as Inventory;
  let inventory = await read();
  for (let tries = 1; tries < TRIES && isOnlyBehind(inventory); tries++) {
    await pause(PAUSE_MS);
    inventory = await read();
  }
  if (flags.json === true) writeJson(terminal, inventory);
  else terminal.stdout.write(renderInventory(inventory, terminal));
  return inventory.agrees ? EXIT.ok : EXIT.negative;
}

function isOnlyBehind({ agrees, differences }: Inventory): boolean {
  return !agrees && differences.every(({ what }) => what === "position");
}
