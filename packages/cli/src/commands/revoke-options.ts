import { type Command, InvalidArgumentError } from "commander";

const DEFAULT_WAIT_SECONDS = 10;
const MAX_WAIT_SECONDS = 600;

/** Where the sidecar is, and the token for its API. */
export function addApiOptions(command: Command): Command {
  return command
    .option("-c, --config <file>", "the sidecar's configuration, which says where it is")
    .option("--admin <address>", "the admin listener: host:port or unix:/path; default 127.0.0.1:9402")
    .option("--api-token-file <file>", "default countersign-api.token, or as the configuration says");
}

/** Whether to wait for the instances. */
export function addWaitOptions(command: Command): Command {
  return command
    .option("--wait", "until every live instance has applied it")
    .option("--wait-seconds <seconds>", "at most so long", parseWait, DEFAULT_WAIT_SECONDS);
}

function parseWait(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && seconds <= MAX_WAIT_SECONDS) return seconds;
  throw new InvalidArgumentError(`Expected more than 0 and at most ${MAX_WAIT_SECONDS}.`);
}
