import type { Command } from "commander";

/** A command line, and in a few words what it is for. */
export type Example = readonly [line: string, purpose: string];

/** Adds an "Examples" section to the command's help, each with its purpose as a shell comment above. */
export function addExamples(command: Command, examples: readonly Example[]): void {
  const lines = examples.map(([line, purpose]) => `  # ${purpose}\n  ${line}\n`);
  command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}
