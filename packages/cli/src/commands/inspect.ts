import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import type { ExitCode } from "../exit-code.ts";
import { EXIT } from "../exit-code.ts";
import type { Inspection } from "../inspection.ts";
import { inspectText } from "../inspection.ts";
import { addExamples } from "../output/examples.ts";
import { noteInspection } from "../output/inspection-notes.ts";
import { renderInspection, TIME_CLAIMS } from "../output/inspection-report.ts";
import { writeJson } from "../output/json-output.ts";
import { formatInstant } from "../output/time-text.ts";
import type { Terminal } from "../terminal.ts";
import { readToken } from "../token-input.ts";
import { addTokenOptions, parseTime } from "./validator-options.ts";

interface InspectFlags {
  readonly tokenFile?: string;
  /** Milliseconds since the epoch. */
  readonly at?: number;
  readonly json?: true;
}

/** Adds `countersign inspect`. */
export function addInspectCommand(program: Command, context: CommandContext): void {
  const inspect = program
    .command("inspect")
    .description(
      "Shows what is written in a token. Verifies nothing and asks nobody. Exit 1 where its form is wrong.",
    )
    .summary("show what is written in a token; verifies nothing");
  addTokenOptions(inspect)
    .option("--at <time>", "tell times as of this time (ISO 8601, or seconds since 1970)", parseTime)
    .option("--json", "print one JSON document")
    .action(async (token: string | undefined, flags: InspectFlags) => {
      context.report(await inspectToken(token, { flags, terminal: context.terminal }));
    });
  addExamples(inspect, [
    ["countersign inspect --token-file token.txt", "from a file"],
    ["pbpaste | countersign inspect", "from the clipboard"],
    ["countersign inspect --json < token.txt | jq .payload.aud", "for scripts"],
  ]);
}

async function inspectToken(
  argument: string | undefined,
  { flags, terminal }: { readonly flags: InspectFlags; readonly terminal: Terminal },
): Promise<ExitCode> {
  const token = await readToken(terminal, { argument, tokenFile: flags.tokenFile });
  const inspection = inspectText(token);
  const nowSeconds = (flags.at ?? Date.now()) / 1000;
  if (flags.json === true) writeJson(terminal, describeInspection(inspection, nowSeconds));
  else terminal.stdout.write(renderInspection(inspection, { terminal, nowSeconds }));
  return inspection.formProblem === undefined ? EXIT.ok : EXIT.negative;
}

function describeInspection(inspection: Inspection, nowSeconds: number): object {
  const { header, payload, form, tokenBytes, signatureBytes, formProblem } = inspection;
  const times: Record<string, string> = {};
  for (const name of TIME_CLAIMS) {
    const value = payload?.[name];
    const instant = typeof value === "number" ? formatInstant(value) : undefined;
    if (instant !== undefined) times[name] = instant;
  }
  const notes = noteInspection(inspection, nowSeconds).map(({ text }) => text);
  return { verified: false, form, header, payload, times, tokenBytes, signatureBytes, notes, formProblem };
}
