import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import type { DecisionEvent } from "../../src/decision/decision-event.ts";
import type { RunningServer, ServerOptions } from "../../src/running-server.ts";
import { startServer } from "../../src/serve.ts";

export interface Sidecar extends RunningServer {
  readonly decision: string;
  readonly proxy: string;
  readonly events: DecisionEvent[];
  readonly log: { readonly level: string; readonly fields: object; readonly message: string }[];
}

/** Starts a sidecar on free loopback ports. `rest` is YAML beside `listeners` and `issuers`. */
export async function startSidecar(
  setup: { readonly issuers: readonly object[]; readonly rest: string; readonly listeners?: string },
  options: ServerOptions = {},
): Promise<Sidecar> {
  const listeners = setup.listeners ?? 'decision: "127.0.0.1:0", admin: "127.0.0.1:0", proxy: "127.0.0.1:0"';
  // A machine that is busy with other tests is no reason to shed load.
  const calm = /^overload:/m.test(setup.rest) ? "" : "overload: { maxEventLoopDelayMs: 10000 }\n";
  const text = `listeners: { ${listeners} }\nissuers: ${JSON.stringify(setup.issuers)}\n${calm}${setup.rest}\n`;
  const configuration = parseConfiguration(text, { env: {}, baseDir: "/" });
  const events: DecisionEvent[] = [];
  const log: { level: string; fields: object; message: string }[] = [];
  const at = (level: string) => (fields: object, message: string) =>
    void log.push({ level, fields, message });
  const server = await startServer(configuration, {
    logger: { info: at("info"), warn: at("warn"), error: at("error") },
    onDecision: (event) => events.push(event),
    ...options,
  });
  const { decision = "", proxy = "" } = server.addresses;
  return { ...server, decision, proxy, events, log };
}
