import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { CommandFailure } from "../command-failure.ts";
import type { ExitCode } from "../exit-code.ts";
import { EXIT } from "../exit-code.ts";
import { describeInvocation } from "../invocation.ts";
import { renderDecision, renderDecisionHeadings } from "../output/decision-line.ts";
import { addExamples } from "../output/examples.ts";
import { formatJsonLine, writeJson } from "../output/json-output.ts";
import type { Terminal } from "../terminal.ts";
import { watchForStop } from "../wait-for-stop.ts";

interface DemoFlags {
  readonly selfTest?: true;
  readonly json?: true;
}

const DETAILS = `
Nothing has to be installed or configured, nothing leaves this machine, and nothing is left behind.
Preferred ports are 9400, 8080, 9402, 9410 and 9411; where one is in use, a free one is taken.
`;

/** Adds `countersign demo`. */
export function addDemoCommand(program: Command, context: CommandContext): void {
  const demo = program
    .command("demo")
    .description(
      "Starts a real identity provider, a small API and the sidecar in front of it, prints what to try, and shows every decision as it is made.",
    )
    .summary("see it work: identity provider, API and sidecar at once")
    .option(
      "--self-test",
      "make the guide's own requests, say whether each is answered as promised, and exit",
    )
    .option("--json", "print one JSON object a line: the addresses, then every decision")
    .addHelpText("after", DETAILS)
    .action(async (flags: DemoFlags) => {
      context.report(await runDemo(flags, context.terminal));
    });
  addExamples(demo, [
    ["countersign demo", "start, and follow the guide"],
    ["countersign demo --self-test", "does it work on this machine?"],
  ]);
}

async function runDemo(flags: DemoFlags, terminal: Terminal): Promise<ExitCode> {
  // Loaded late: the other commands need neither identity provider nor sidecar.
  const { startDemo } = await import("../demo/start-demo.ts");
  const watch = watchForStop();
  try {
    const demo = await startDemo((event) => {
      if (flags.selfTest === true) return;
      terminal.stdout.write(
        `${flags.json === true ? formatJsonLine({ type: "decision", ...event }) : renderDecision(event, terminal)}\n`,
      );
    }).catch((error: unknown) => {
      throw describeStartFailure(error);
    });
    try {
      if (flags.selfTest === true) return await selfTest(demo, { flags, terminal });
      await introduce(demo, { flags, terminal });
      await watch.stopped;
    } finally {
      await demo.close();
    }
    if (flags.json !== true)
      terminal.stdout.write(`\n${terminal.paint("dim", "Stopped. Nothing is left behind.")}\n`);
    return EXIT.ok;
  } finally {
    watch.release();
  }
}

type RunningDemo = Awaited<ReturnType<typeof import("../demo/start-demo.ts").startDemo>>;

interface DemoContext {
  readonly flags: DemoFlags;
  readonly terminal: Terminal;
}

async function introduce(demo: RunningDemo, { flags, terminal }: DemoContext): Promise<void> {
  if (flags.json === true) {
    const { urls, configurationFile, headerFiles, tokenEndpoint, audience } = demo;
    terminal.stdout.write(
      `${formatJsonLine({ type: "started", urls, configurationFile, headerFiles, tokenEndpoint, audience })}\n`,
    );
    return;
  }
  const { renderGuide } = await import("../demo/render-guide.ts");
  terminal.stdout.write(renderGuide(demo, { terminal, invocation: describeInvocation() }));
  terminal.stdout.write(`${renderDecisionHeadings(terminal)}\n`);
}

async function selfTest(demo: RunningDemo, { flags, terminal }: DemoContext): Promise<ExitCode> {
  const { renderSelfTest, runSelfTest } = await import("../demo/run-self-test.ts");
  const results = await runSelfTest(demo);
  const ok = results.every((result) => result.ok);
  if (flags.json === true) writeJson(terminal, { ok, results });
  else terminal.stdout.write(renderSelfTest(results, terminal));
  return ok ? EXIT.ok : EXIT.negative;
}

function describeStartFailure(error: unknown): CommandFailure {
  const reason = error instanceof Error ? error.message : "unknown reason";
  return new CommandFailure(`the demo cannot start: ${reason}`, {
    exitCode: EXIT.unavailable,
    hints: ["it needs to listen on 127.0.0.1 and to write to the folder for temporary files"],
  });
}
