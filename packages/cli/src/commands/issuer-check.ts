import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import type { CommandContext } from "../command-context.ts";
import type { ExitCode } from "../exit-code.ts";
import { EXIT } from "../exit-code.ts";
import { probeIssuer } from "../issuer/probe-issuer.ts";
import { ProbeLog } from "../issuer/probe-step.ts";
import { addExamples } from "../output/examples.ts";
import { writeJson } from "../output/json-output.ts";
import { createProbeRenderer, renderProbeSummary } from "../output/probe-report.ts";

interface IssuerCheckFlags {
  readonly jwks?: URL;
  readonly timeout: number;
  readonly json?: true;
}

const DEFAULT_TIMEOUT_SECONDS = 5;
const MAX_TIMEOUT_SECONDS = 60;

/** Adds `countersign issuer check`. */
export function addIssuerCommand(program: Command, context: CommandContext): void {
  const issuer = program.command("issuer").description("look at an issuer from where you stand");
  const check = issuer
    .command("check")
    .description(
      "Tries everything between a validator and an issuer's keys: DNS, TCP, TLS, HTTP, the metadata, each key, the clock. Says what works, what does not, and what to do.",
    )
    .summary("try DNS, TCP, TLS, HTTP, metadata, each key and the clock")
    .argument("<url>", "the issuer, exactly as tokens write it in `iss`", parseUrlArgument)
    .option("--jwks <url>", "probe this key set and no metadata", parseUrlArgument)
    .option(
      "--timeout <seconds>",
      "for each of DNS, TCP, TLS and HTTP",
      parseTimeout,
      DEFAULT_TIMEOUT_SECONDS,
    )
    .option("--json", "print one JSON document")
    .action(async (url: URL, flags: IssuerCheckFlags, command: Command) => {
      context.report(await checkIssuer({ url, issuerText: command.args[0] ?? url.href, flags }, context));
    });
  addExamples(check, [
    ["countersign issuer check https://accounts.example.com", "through discovery"],
    [
      "countersign issuer check https://idp.example.com/ --jwks https://idp.example.com/keys",
      "the key set alone",
    ],
    ["countersign issuer check https://idp.example.com/ --json | jq .ok", "for scripts"],
  ]);
}

interface IssuerCheckRequest {
  readonly url: URL;
  readonly issuerText: string;
  readonly flags: IssuerCheckFlags;
}

/** Exit 3 where something cannot be reached, 1 where what the issuer publishes cannot be used, else 0. */
async function checkIssuer(
  { url, issuerText, flags }: IssuerCheckRequest,
  { terminal }: CommandContext,
): Promise<ExitCode> {
  const render = createProbeRenderer(terminal);
  const log = new ProbeLog((step) => {
    if (flags.json === undefined) terminal.stdout.write(render(step));
  });
  await probeIssuer(url, { log, timeoutMs: flags.timeout * 1000, issuerText, jwksUri: flags.jwks });
  if (flags.json === true) {
    writeJson(terminal, { ok: !log.failed, issuer: issuerText, steps: log.steps });
  } else {
    terminal.stdout.write(renderProbeSummary(log, terminal));
  }
  if (!log.failed) return EXIT.ok;
  return log.unreachable ? EXIT.unavailable : EXIT.negative;
}

function parseUrlArgument(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError("Write a whole https URL.");
  return url;
}

function parseTimeout(text: string): number {
  const seconds = Number(text);
  if (seconds >= 1 && seconds <= MAX_TIMEOUT_SECONDS) return seconds;
  throw new InvalidArgumentError(`Write a number from 1 to ${MAX_TIMEOUT_SECONDS}.`);
}
