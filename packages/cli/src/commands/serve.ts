import type { DecisionEvent } from "@countersign/server";
import type { Command } from "commander";
import { ConfigurationError } from "countersign";
import type { CommandContext } from "../command-context.ts";
import { CommandFailure } from "../command-failure.ts";
import type { ExitCode } from "../exit-code.ts";
import { EXIT } from "../exit-code.ts";
import { readErrorCode } from "../file-error.ts";
import { alignColumns } from "../output/columns.ts";
import { describeConfigurationError } from "../output/configuration-problems.ts";
import { addExamples } from "../output/examples.ts";
import { formatJsonLine } from "../output/json-output.ts";
import type { Terminal } from "../terminal.ts";
import { watchForStop } from "../wait-for-stop.ts";

interface ServeFlags {
  readonly config: string;
  readonly decisions?: true;
  readonly json?: true;
}

const DETAILS = `
The operational log goes to standard error as JSON lines. SIGINT and SIGTERM stop the listeners and
let requests in flight finish (\`shutdown.drainTimeoutMs\`); a second one ends the process at once.
When the file changes, and on SIGHUP, it is read again: whole or not at all. A bad file is logged, and
the configuration in force stays.
`;

/** Adds `countersign serve`. */
export function addServeCommand(program: Command, context: CommandContext): void {
  const serve = program
    .command("serve")
    .description(
      "Runs the sidecar: decision endpoints for gateways and, where the configuration names an upstream, a reverse proxy.",
    )
    .summary("run the sidecar")
    .requiredOption("-c, --config <file>", "the sidecar's configuration")
    .option("--decisions", "print every decision on a line of its own")
    .option("--json", "print one JSON object a line instead of text")
    .addHelpText("after", DETAILS)
    .action(async (flags: ServeFlags) => {
      context.report(await runServer(flags, context.terminal));
    });
  addExamples(serve, [
    ["countersign serve --config countersign.yaml", "until Ctrl-C or SIGTERM"],
    ["countersign serve --config countersign.yaml --decisions", "and watch the decisions"],
  ]);
}

async function runServer(flags: ServeFlags, terminal: Terminal): Promise<ExitCode> {
  const { createOperationalLog, loadConfiguration, startServer, watchConfiguration } = await import(
    "@countersign/server"
  );
  const { renderDecision } = await import("../output/decision-line.ts");
  const configuration = await loadConfiguration(flags.config).catch((error: unknown) => {
    throw error instanceof ConfigurationError ? describeConfigurationError(error, flags.config) : error;
  });
  const watch = watchForStop(["SIGINT", "SIGTERM"]);
  const logger = createOperationalLog();
  try {
    const onDecision = (event: DecisionEvent): void => {
      const line =
        flags.json === true
          ? formatJsonLine({ type: "decision", ...event })
          : renderDecision(event, terminal);
      terminal.stdout.write(`${line}\n`);
    };
    const server = await startServer(configuration, {
      logger,
      workers: "auto",
      // Where nobody watches, workers need not tell.
      ...(flags.decisions === true && { onDecision }),
    }).catch((error: unknown) => {
      throw error instanceof ConfigurationError
        ? describeConfigurationError(error, flags.config)
        : describeStartFailure(error);
    });
    const changes = await watchConfiguration({ path: flags.config, server, logger });
    terminal.stdout.write(
      flags.json === true
        ? `${formatJsonLine({ type: "started", addresses: server.addresses })}\n`
        : renderAddresses(server.addresses, terminal),
    );
    try {
      await Promise.race([watch.stopped, server.failure.then(throwFailure)]);
    } finally {
      changes.close();
      await server.close();
    }
    return EXIT.ok;
  } finally {
    watch.release();
  }
}

function renderAddresses(addresses: object, { paint }: Terminal): string {
  const rows = Object.entries(addresses).map(([name, address]) => [paint("dim", name), String(address)]);
  return `${paint("bold", "Countersign is running")}\n${alignColumns(rows).join("\n")}\n`;
}

/** The sidecar has ended itself. */
function throwFailure(reason: Error): never {
  throw new CommandFailure(`the sidecar has stopped: ${reason.message}`, {
    exitCode: EXIT.unavailable,
    hints: ["the log says how each worker ended; where memory is short, set fewer `workers`"],
  });
}

const LISTEN_HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another process listens there: stop it, or change `listeners`",
  EACCES: "this user may not listen there: choose a port from 1024 on, or another folder for the socket",
  EADDRNOTAVAIL: "this machine does not have the address: correct `listeners`",
  ERR_WORKER: "the log says why; where memory is short, set fewer `workers`",
  ENOENT: "the socket's folder does not exist: make it, or change `listeners`",
};

/** What the system refused becomes a message; anything else is a defect and stays what it is. */
function describeStartFailure(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = readErrorCode(error) ?? readErrorCode(error.cause);
  if (code === undefined) return error;
  const hint = LISTEN_HINTS[code] ?? "check `listeners`, and what this user may do";
  return new CommandFailure(`the sidecar cannot start: ${error.message}`, {
    exitCode: EXIT.unavailable,
    hints: [hint],
  });
}
