import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { PROFILE_NAMES } from "countersign";

/** Adds the options that `ValidatorFlags` and `TokenOrigin` are read from. */
export function addValidatorOptions(command: Command): Command {
  return command
    .option("-c, --config <file>", "the sidecar's configuration")
    .option("--issuer <url>", "without a configuration: the only trusted issuer")
    .option(
      "--audience <name>",
      "what `aud` must name; may be repeated; the word unchecked opts out",
      collect,
    )
    .option("--jwks <file|url>", "the issuer's keys; default: discovery at the issuer")
    .option("--algorithms <names>", "comma-separated; default RS256,PS256,ES256,Ed25519", splitList)
    .addOption(new Option("--profile <name>", "rules for claims").choices(PROFILE_NAMES))
    .option(
      "--tenant <name>",
      "who may call, where the profile asks for it; may be repeated; or unchecked",
      collect,
    )
    .option("--insecure-loopback-http", "admit plain http to this machine, for development")
    .option("--at <time>", "decide as of this time (ISO 8601, or seconds since 1970)", parseTime);
}

/** Adds the options that say where the token comes from. */
export function addTokenOptions(command: Command): Command {
  return command
    .argument("[token]", "the token itself (warns: arguments are not private)")
    .option("-f, --token-file <file>", "read the token from a file; - or nothing: standard input");
}

function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

function splitList(text: string): string[] {
  return text.split(",").map((name) => name.trim());
}

/** Milliseconds since the epoch. */
export function parseTime(text: string): number {
  const milliseconds = /^\d{1,12}(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (!Number.isNaN(milliseconds)) return milliseconds;
  throw new InvalidArgumentError("Write such as 2026-11-23T15:00:00Z or 1795446000.");
}
