import { type Command, InvalidArgumentError, Option } from "commander";
import type { CommandContext } from "../command-context.ts";
import { CommandFailure } from "../command-failure.ts";
import type { ExitCode } from "../exit-code.ts";
import { EXIT } from "../exit-code.ts";
import { addExamples } from "../output/examples.ts";
import { writeJson } from "../output/json-output.ts";
import type { ExportFormat, ExportOptions } from "../rules/create-exports.ts";
import { MAX_TIME_SCALE } from "../rules/times.ts";
import type { Terminal } from "../terminal.ts";

interface ExportFlags extends ExportOptions {
  readonly format: ExportFormat;
  readonly out?: string;
  readonly json?: true;
}

const FORMATS = Object.keys({
  prometheus: true,
  alertmanager: true,
  openslo: true,
  sloth: true,
  runbooks: true,
  checklists: true,
} satisfies Record<ExportFormat, true>);

const DETAILS = `
prometheus: recording and alert rules. alertmanager: routes and inhibition. openslo, sloth: the service levels for
other generators. runbooks: one page for each alert. checklists: what to see to before production. Without --out
all goes to standard output, rules as one file.
Only system faults spend an error budget; what clients do wrong does not.
`;

/** Adds `countersign rules export`. */
export function addRulesCommand(program: Command, context: CommandContext): void {
  const rules = program
    .command("rules")
    .description("Alerts, service levels and runbooks for what watches the sidecar.")
    .summary("alert rules, service levels and runbooks");
  const command = rules
    .command("export")
    .description("Writes alert rules, routes, service levels or runbooks.")
    .summary("write them for Prometheus and others")
    .addOption(new Option("--format <format>", "what to write").choices(FORMATS).default("prometheus"))
    .option("--out <folder>", "write files into this folder, made where it is missing")
    .option("--time-scale <number>", "divide every time by it, for game days: 1 to 86400", parseScale, 1)
    .option("--runbooks <url>", "where your runbooks are published, for runbook_url", parseFolderUrl)
    .option("--page-url <url>", "the webhook for pages", parseUrl)
    .option("--ticket-url <url>", "the webhook for tickets", parseUrl)
    .option("--watchdog-url <url>", "the webhook that misses the watchdog", parseUrl)
    .option("--json", "print one JSON document, with the files in it")
    .addHelpText("after", DETAILS)
    .action(async (flags: ExportFlags) => {
      context.report(await exportRules(flags, context.terminal));
    });
  addExamples(command, [
    ["countersign rules export --out /etc/prometheus/rules", "the rules as they are meant"],
    ["countersign rules export --format alertmanager > alertmanager.yml", "routes and inhibition"],
    ["countersign rules export --time-scale 60", "an hour in a minute, for tests"],
  ]);
}

async function exportRules(flags: ExportFlags, terminal: Terminal): Promise<ExitCode> {
  const { createExports } = await import("../rules/create-exports.ts");
  const files = createExports(flags.format, flags);
  if (flags.out !== undefined) await writeFiles(flags.out, files);
  if (flags.json === true) {
    const listed = [...files].map(([name, text]) => (flags.out === undefined ? { name, text } : { name }));
    writeJson(terminal, { ok: true, format: flags.format, out: flags.out, files: listed });
  } else if (flags.out === undefined) {
    terminal.stdout.write(await joinFiles(flags, files));
  } else {
    for (const name of files.keys()) terminal.stdout.write(`${flags.out}/${name}\n`);
  }
  return EXIT.ok;
}

/** Several files of rules are one file with all groups; other texts stand one after the other. */
async function joinFiles(flags: ExportFlags, files: ReadonlyMap<string, string>): Promise<string> {
  if (flags.format !== "prometheus") return [...files.values()].join("\n");
  const [{ renderPrometheusRules }, { RULE_GROUPS }] = await Promise.all([
    import("../rules/render-prometheus.ts"),
    import("../rules/rule-groups.ts"),
  ]);
  return renderPrometheusRules(RULE_GROUPS, flags);
}

async function writeFiles(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  const { mkdir, writeFile } = await import("node:fs/promises");
  const { join } = await import("node:path");
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, text] of files) await writeFile(join(folder, name), text);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    throw new CommandFailure(`the folder cannot be written: ${code}`, {
      exitCode: EXIT.usage,
      hints: [`expected a folder that this user may write: ${folder}`],
    });
  }
}

function parseScale(text: string): number {
  const scale = /^\d{1,5}(?:\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (scale >= 1 && scale <= MAX_TIME_SCALE) return scale;
  throw new InvalidArgumentError("Expected a number from 1 to 86400.");
}

function parseUrl(text: string): string {
  const url = URL.parse(text);
  if (url !== null && ["http:", "https:"].includes(url.protocol) && text.length <= 2048) return text;
  throw new InvalidArgumentError("Expected an http or https URL.");
}

/** What is appended is a file's name. */
function parseFolderUrl(text: string): string {
  const url = parseUrl(text);
  return url.endsWith("/") ? url : `${url}/`;
}
