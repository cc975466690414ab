import { type Command, InvalidArgumentError, Option } from "commander";
import type { CommandContext } from "../command-context.ts";
import type { DoctorStage } from "../doctor/doctor-check.ts";
import type { ExitCode } from "../exit-code.ts";
import { EXIT } from "../exit-code.ts";
import { addExamples } from "../output/examples.ts";
import { writeJson } from "../output/json-output.ts";

interface DoctorFlags {
  readonly config: string;
  readonly stage: DoctorStage;
  readonly timeout: number;
  readonly strict?: true;
  readonly json?: true;
}

const DETAILS = `
Run it where, and as whom, the sidecar runs. Nothing is changed. Before production, a sidecar that does not run
yet, no audit trail and no store of revocations are only pointed at; for production they fail. Exit 1 where a
check failed (with --strict also where one needs a look), 3 where something that is needed does not answer, 2
where the file cannot be used.
`;

const DEFAULT_TIMEOUT_SECONDS = 5;
const MAX_TIMEOUT_SECONDS = 60;

/** Adds `countersign doctor`. */
export function addDoctorCommand(program: Command, context: CommandContext): void {
  const doctor = program
    .command("doctor")
    .description(
      "Examines a configuration and all that it depends on: options, secrets and their files, this machine, each issuer, the stores, and the running sidecar. Says what to do about each finding.",
    )
    .summary("find out whether all is ready for production")
    .requiredOption("-c, --config <file>", "the sidecar's configuration")
    .addOption(
      new Option("--stage <stage>", "what it has to be ready for")
        .choices(["pre-production", "production"])
        .default("pre-production"),
    )
    .option(
      "--timeout <seconds>",
      "for each of DNS, TCP, TLS and HTTP",
      parseTimeout,
      DEFAULT_TIMEOUT_SECONDS,
    )
    .option("--strict", "exit 1 also for what needs a look")
    .option("--json", "print one JSON document")
    .addHelpText("after", DETAILS)
    .action(async (flags: DoctorFlags) => {
      context.report(await runDoctor(flags, context));
    });
  addExamples(doctor, [
    ["countersign doctor --config countersign.yaml", "before the first real request"],
    ["countersign doctor --config countersign.yaml --stage production", "before you depend on it"],
    [
      "countersign doctor --config countersign.yaml --json | jq '.findings[] | select(.outcome == \"failed\")'",
      "for scripts",
    ],
  ]);
}

async function runDoctor(flags: DoctorFlags, { terminal }: CommandContext): Promise<ExitCode> {
  const { openPatient } = await import("../doctor/open-patient.ts");
  const { DoctorLog } = await import("../doctor/doctor-log.ts");
  const { examine } = await import("../doctor/examine.ts");
  const { createDoctorRenderer, renderDoctorSummary } = await import("../output/doctor-report.ts");
  const patient = await openPatient(flags.config, flags.timeout * 1000);
  const render = createDoctorRenderer(terminal);
  const log = new DoctorLog(flags.stage, (finding) => {
    if (flags.json === undefined) terminal.stdout.write(render(finding));
  });
  await examine(patient, log);
  const [failed, warnings] = [log.count("failed"), log.count("warning")];
  const isReady = failed === 0 && (flags.strict === undefined || warnings === 0);
  if (flags.json === true) {
    const { stage, findings } = log;
    writeJson(terminal, { ok: isReady, stage, file: flags.config, findings });
  } else {
    terminal.stdout.write(renderDoctorSummary(log, { paint: terminal.paint, file: flags.config }));
  }
  if (log.unreachable) return EXIT.unavailable;
  return isReady ? EXIT.ok : EXIT.negative;
}

function parseTimeout(text: string): number {
  const seconds = Number(text);
  if (seconds >= 1 && seconds <= MAX_TIMEOUT_SECONDS) return seconds;
  throw new InvalidArgumentError(`Write a number from 1 to ${MAX_TIMEOUT_SECONDS}.`);
}
