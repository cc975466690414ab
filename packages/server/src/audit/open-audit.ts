import { hostname } from "node:os";

import { ConfigurationError } from "countersign";

import type { AuditConfiguration } from "../config/audit-configuration.ts";
import { AuditTrail } from "./audit-trail.ts";
import { ChainFile } from "./chain/chain-file.ts";
import { formatEvent } from "./formats/format-event.ts";
import { toSyslogHost } from "./formats/format-syslog.ts";
import { toOtlp } from "./formats/to-otlp.ts";
import type { AuditOutput } from "./output-queue.ts";
import { HttpOutput } from "./outputs/http-output.ts";
import { StdoutOutput } from "./outputs/stdout-output.ts";
import { SyslogOutput } from "./outputs/syslog-output.ts";
import { Pseudonymizer } from "./pseudonyms.ts";
import { openPseudonymKey, openSigningKey } from "./secret-file.ts";

export interface AuditSetup {
  readonly clock: () => number;
  readonly version: string;
  readonly logger: {
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  readonly metrics: {
    countAudit(output: string, result: string, count: number): void;
  };
}

/** Failures and losses are counted each, and logged no more often than this. */
const LOG_INTERVAL_MS = 10_000;

/**
 * Opens the trail with its keys and outputs.
 * @throws ConfigurationError where a key or the file cannot be had.
 */
export async function openAudit(configuration: AuditConfiguration, setup: AuditSetup): Promise<AuditTrail> {
  const { clock, version, logger, metrics } = setup;
  const key = await openPseudonymKey({
    path: configuration.pseudonymKeyFile,
    place: "audit.pseudonymKeyFile",
  });
  const outputs = await openOutputs(configuration, setup);
  const loggedMs = new Map<string, number>();
  const isDue = (name: string): boolean => {
    const isNew = clock() - (loggedMs.get(name) ?? Number.NEGATIVE_INFINITY) >= LOG_INTERVAL_MS;
    if (isNew) loggedMs.set(name, clock());
    return isNew;
  };
  for (const { name } of outputs) {
    for (const result of ["written", "failed", "dropped"]) metrics.countAudit(name, result, 0);
  }
  const trail = new AuditTrail({
    outputs,
    pseudonyms: new Pseudonymizer(key),
    instance: configuration.instance ?? `${toSyslogHost(hostname()).slice(0, 96)}-${process.pid}`,
    version,
    queueEvents: configuration.queueEvents,
    clock,
    onResult(output, result, count) {
      metrics.countAudit(output, result, count);
      if (result === "dropped" && isDue(`${output} dropped`))
        logger.error(
          { output },
          "audit events were lost: there was no room for them, or they were not taken",
        );
    },
    onFailure(output, error) {
      if (isDue(`${output} failed`))
        logger.error({ err: error, output }, "audit events could not be delivered");
    },
  });
  trail.record({ event: "audit.started", timeMs: clock() });
  return trail;
}

async function openOutputs(
  configuration: AuditConfiguration,
  { clock, logger }: AuditSetup,
): Promise<readonly AuditOutput[]> {
  const { file, stdout, syslog, otlp, webhook } = configuration;
  const outputs: AuditOutput[] = [];
  if (file !== undefined) {
    const { signingKeyFile, ...rest } = file;
    const signingKey = await openSigningKey({ path: signingKeyFile, place: "audit.file.signingKeyFile" });
    const onNotice = ({ message, fields }: { message: string; fields: object }): void =>
      logger.warn(fields, message);
    outputs.push(await ChainFile.open({ ...rest, signingKey, clock, onNotice }).catch(refuseFile));
  }
  if (stdout !== undefined) outputs.push(new StdoutOutput(stdout.format));
  if (syslog !== undefined) {
    const source = { host: toSyslogHost(hostname()), processId: process.pid };
    outputs.push(new SyslogOutput(syslog, source));
  }
  if (otlp !== undefined) {
    outputs.push(
      new HttpOutput({
        ...otlp,
        name: "otlp",
        contentType: "application/json",
        write: (events) => JSON.stringify(toOtlp(events, clock())),
        countRefused: countRefusedRecords,
      }),
    );
  }
  if (webhook !== undefined) {
    outputs.push(
      new HttpOutput({
        ...webhook,
        name: "webhook",
        contentType: "application/x-ndjson",
        write: (events) => events.map((event) => `${formatEvent(event, webhook.format)}\n`).join(""),
      }),
    );
  }
  return outputs;
}

/** `partial_success` of OTLP. */
function countRefusedRecords(answer: string): number {
  try {
    const { partialSuccess } = JSON.parse(answer) as {
      partialSuccess?: { rejectedLogRecords?: number | string };
    };
    return Number(partialSuccess?.rejectedLogRecords ?? 0) || 0;
  } catch {
    return 0;
  }
}

function refuseFile(error: unknown): never {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  const problem =
    code === undefined && error instanceof Error
      ? error.message
      : `it cannot be made or read (${code ?? "unknown error"})`;
  const remedy = "Name a file of this sidecar's own, in a folder that this user may write.";
  throw new ConfigurationError([{ path: "audit.file.path", problem, remedy }]);
}
