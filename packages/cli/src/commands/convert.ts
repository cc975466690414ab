import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import type { CommandContext } from "../command-context.ts";
import { CommandFailure } from "../command-failure.ts";
import type { ExitCode } from "../exit-code.ts";
import { EXIT } from "../exit-code.ts";
import { describeConfigurationError } from "../output/configuration-problems.ts";
import { renderConversionReport } from "../output/conversion-report.ts";
import { addExamples } from "../output/examples.ts";
import { writeJson } from "../output/json-output.ts";
import type { Terminal } from "../terminal.ts";

interface ConvertFlags {
  readonly to: string;
  readonly acceptWeaker?: readonly string[];
  readonly json?: true;
}

const TARGET_NAMES = ["nginx", "traefik", "envoy", "aws-http-api"];

const DETAILS = `
The result goes to standard output, the report to standard error: each setting that is not the same over
there. What would let in a request that this configuration refuses is not converted unless it is named, and
what cannot be said over there is not converted at all; then nothing is written, and the exit code is 1.
Nothing is fetched.
`;

/** Adds `countersign convert`. */
export function addConvertCommand(program: Command, context: CommandContext): void {
  const convert = program
    .command("convert")
    .description(
      "Makes another product's configuration of the sidecar's, and says what that product cannot hold of it.",
    )
    .summary("make a gateway's own configuration of yours")
    .argument("<file>", "the sidecar's configuration")
    .addOption(
      new Option("--to <target>", "whose configuration to write").choices(TARGET_NAMES).makeOptionMandatory(),
    )
    .option(
      "--accept-weaker <features>",
      "features that may become weaker, separated by commas",
      parseFeatures,
    )
    .option("--json", "print one JSON document, with the files in it")
    .addHelpText("after", DETAILS)
    .action(async (file: string, flags: ConvertFlags) => {
      context.report(await convertFile(file, { flags, terminal: context.terminal }));
    });
  addExamples(convert, [
    ["countersign convert --to nginx countersign.yaml > countersign.conf", "nginx asks the sidecar"],
    ["countersign convert --to aws-http-api countersign.yaml --json | jq .entries", "what AWS cannot hold"],
  ]);
}

/** Exit 1 where something is impossible, or weaker without its name. */
async function convertFile(
  file: string,
  { flags, terminal }: { readonly flags: ConvertFlags; readonly terminal: Terminal },
): Promise<ExitCode> {
  const [{ loadConfiguration }, { ConfigurationError }, { convertConfiguration }, { TARGETS }] =
    await Promise.all([
      import("@countersign/server"),
      import("countersign"),
      import("../convert/convert-configuration.ts"),
      import("../convert/targets/index.ts"),
    ]);
  const target = TARGETS.get(flags.to);
  if (target === undefined) throw new CommandFailure("unknown target", { exitCode: EXIT.usage });
  const configuration = await loadConfiguration(file).catch((error: unknown) => {
    throw error instanceof ConfigurationError ? describeConfigurationError(error, file) : error;
  });
  const conversion = convertConfiguration(configuration, {
    target,
    acceptWeaker: new Set(flags.acceptWeaker ?? []),
  });
  const ok = conversion.files.length > 0;
  if (flags.json === true) {
    writeJson(terminal, { ok, target: flags.to, ...conversion });
  } else {
    terminal.stderr.write(renderConversionReport(conversion, { terminal, target: target.title }));
    for (const { text } of conversion.files) terminal.stdout.write(text);
  }
  return ok ? EXIT.ok : EXIT.negative;
}

function parseFeatures(text: string): readonly string[] {
  const features = text.split(",");
  if (features.length <= 64 && features.every((feature) => /^[a-z]+(?:-[a-z]+)*$/.test(feature)))
    return features;
  throw new InvalidArgumentError("Write names from the report, separated by commas.");
}
