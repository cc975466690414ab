import type { Command } from "commander";

import type { CommandContext } from "../command-context.ts";
import type { InventoryFlags } from "../inventory/take-inventory.ts";
import { addExamples } from "../output/examples.ts";
import { addApiOptions } from "./revoke-options.ts";

const DETAILS = `
Exit 1 where an instance differs from most of them, or is silent or behind; 2 where the command line or the token
cannot be used; 3 where the sidecar or its store gives no answer.
`;

/** Adds `countersign inventory`. */
export function addInventoryCommand(program: Command, context: CommandContext): void {
  const inventory = program
    .command("inventory")
    .description("Lists issuers, their keys and every instance of the store, and says who differs in what.")
    .summary("what there is, and which instance differs")
    .addHelpText("after", DETAILS);
  addApiOptions(inventory)
    .option("--json", "print one JSON document")
    .action(async (flags: InventoryFlags) => {
      const { takeInventory } = await import("../inventory/take-inventory.ts");
      context.report(await takeInventory(flags, context));
    });
  addExamples(inventory, [["countersign inventory --config countersign.yaml", "after a rollout"]]);
}
