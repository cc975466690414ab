import type { OperationalLog } from "../telemetry/operational-log.ts";
import type { Channel } from "./channel.ts";
import type { PrimaryTopics, ToldLine, WorkerTopics } from "./messages.ts";

/** A log whose lines the primary writes. Those that there is no room for are counted, and the next one says so. */
export function createLogRelay(channel: Pick<Channel<PrimaryTopics, WorkerTopics>, "tell">): OperationalLog {
  let dropped = 0;
  const write =
    (level: ToldLine["level"]) =>
    (fields: object, message: string): void => {
      const told = { ...flattenErrors(fields), ...(dropped > 0 && { droppedLines: dropped }) };
      dropped = channel.tell("log", { level, fields: told, message }) ? 0 : dropped + 1;
    };
  return { info: write("info"), warn: write("warn"), error: write("error") };
}

/** Errors as plain objects: what else they carry may not be fit for a channel. */
function flattenErrors(fields: object): Readonly<Record<string, unknown>> {
  const entries = Object.entries(fields).map(([name, value]: [string, unknown]) => {
    if (!(value instanceof Error)) return [name, value];
    const { message, stack } = value;
    return [name, { type: value.name, message, stack, ...("code" in value && { code: value.code }) }];
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}
