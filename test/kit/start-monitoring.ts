/** A real Prometheus with a real Alertmanager, and the webhook that is called by it. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { findProgram } from "./find-program.ts";
import { findFreePort } from "./free-port.ts";

export interface ScrapedTarget {
  /** host:port with `/metrics`. */
  readonly address: string;
  /** For the label `instance`. */
  readonly name: string;
}

export interface ReceivedAlert {
  readonly status: "firing" | "resolved";
  readonly name: string;
  /** Empty where the alert is about none. */
  readonly instance: string;
  /** By the clock of `performance.now`, when the webhook was called. */
  readonly atMs: number;
}

export interface Monitoring {
  /** In the order in which the webhook was told. */
  readonly alerts: readonly ReceivedAlert[];
  /** The values of an instant query, by the label `instance`. */
  query(expression: string): Promise<ReadonlyMap<string, number>>;
  stop(): Promise<void>;
}

export interface MonitoringSetup {
  readonly targets: readonly ScrapedTarget[];
  /** Rules as YAML. */
  readonly rules: string;
  /** Leads Prometheus to Alertmanager another way: is given its port, and gives the one to use. Default straight. */
  readonly wayToAlertmanager?: (port: number) => Promise<number>;
  /** The same from Alertmanager to the webhook. */
  readonly wayToWebhook?: (port: number) => Promise<number>;
}

/** An alert that always fires, told again each second: when it is no longer heard, the way of alerts is broken. */
export const WATCHDOG = "CountersignWatchdog";

const PROGRAMS = ["prometheus", "promtool", "prometheus-alertmanager"] as const;
const LONGEST_START_MS = 60_000;
const MAX_NOTICE_BYTES = 1_048_576;

/** Why what needs Prometheus cannot run, for `skip`; false where it can. Said aloud. In CI nothing is skipped. */
export function skipWithoutMonitoring(): string | false {
  const missing = PROGRAMS.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0 || process.env["CI"] === "true") return false;
  const problem = `${missing.join(" and ")} not installed`;
  process.stderr.write(
    `SKIPPED: ${problem}, so what needs it does not run here; \`node tools/install-services.mjs\` brings it\n`,
  );
  return problem;
}

/** Scrapes and evaluates each second; resolves once both servers are ready. */
export async function startMonitoring(setup: MonitoringSetup): Promise<Monitoring> {
  const { targets, rules, wayToAlertmanager, wayToWebhook } = setup;
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-monitoring-"));
  const alerts: ReceivedAlert[] = [];
  const receiver = await startReceiver(alerts);
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(endProcess));
    receiver.closeAllConnections();
    receiver.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const ports = { prometheus: await findFreePort(), alertmanager: await findFreePort() };
    const receiverPort = (receiver.address() as AddressInfo).port;
    const webhook = `http://127.0.0.1:${(await wayToWebhook?.(receiverPort)) ?? receiverPort}/`;
    const alertmanager = (await wayToAlertmanager?.(ports.alertmanager)) ?? ports.alertmanager;
    // JSON is YAML.
    const files = {
      "rules.yml": rules,
      "prometheus.json": JSON.stringify(describePrometheus(targets, alertmanager)),
      "alertmanager.json": JSON.stringify(describeAlertmanager(webhook)),
    };
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
    children.push(
      startProgram("prometheus-alertmanager", folder, [
        "--config.file=alertmanager.json",
        "--storage.path=alertmanager",
        "--cluster.listen-address=",
        `--web.listen-address=127.0.0.1:${ports.alertmanager}`,
      ]),
      startProgram("prometheus", folder, [
        "--config.file=prometheus.json",
        "--storage.tsdb.path=prometheus",
        // What is no longer told of ends after four times as long: the watchdog soon, where its way is cut.
        ...(wayToAlertmanager === undefined ? [] : ["--rules.alert.resend-delay=1s"]),
        `--web.listen-address=127.0.0.1:${ports.prometheus}`,
      ]),
    );
    await Promise.all(Object.values(ports).map(awaitReady));
    return { alerts, query: (expression) => query(ports.prometheus, expression), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function describePrometheus(targets: readonly ScrapedTarget[], alertmanager: number): object {
  return {
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: ["rules.yml"],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanager}`] }] }] },
    scrape_configs: [
      {
        job_name: "countersign",
        static_configs: targets.map(({ address, name }) => ({
          targets: [address],
          labels: { instance: name },
        })),
      },
    ],
  };
}

function describeAlertmanager(webhook: string): object {
  return {
    route: {
      receiver: "webhook",
      group_by: ["alertname", "instance"],
      group_wait: "100ms",
      group_interval: "1s",
      repeat_interval: "1h",
      routes: [{ matchers: [`alertname="${WATCHDOG}"`], receiver: "webhook", repeat_interval: "1s" }],
    },
    receivers: [{ name: "webhook", webhook_configs: [{ url: webhook, send_resolved: true }] }],
  };
}

async function startReceiver(alerts: ReceivedAlert[]): Promise<Server> {
  const server = createServer((request, response) => {
    receive(request).then(
      (received) => {
        alerts.push(...received);
        response.end();
      },
      () => response.writeHead(400).end(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function receive(request: IncomingMessage): Promise<readonly ReceivedAlert[]> {
  let text = "";
  for await (const part of request.setEncoding("utf8")) {
    text += String(part);
    if (text.length > MAX_NOTICE_BYTES) throw new RangeError("the notice is too long");
  }
  const { alerts } = JSON.parse(text) as {
    readonly alerts: readonly {
      readonly status: ReceivedAlert["status"];
      readonly labels: Readonly<Record<string, string>>;
    }[];
  };
  const atMs = performance.now();
  return alerts.map(({ status, labels }) => ({
    status,
    name: labels["alertname"] ?? "",
    instance: labels["instance"] ?? "",
    atMs,
  }));
}

function startProgram(name: string, folder: string, parameters: readonly string[]): ChildProcess {
  const program = findProgram(name);
  if (program === undefined) throw new Error(`${name} is not installed; CI must install it`);
  return spawn(program, [...parameters, "--log.level=error"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
  await exited;
  clearTimeout(timer);
}

async function awaitReady(port: number): Promise<void> {
  const deadline = performance.now() + LONGEST_START_MS;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok === true) return;
    if (performance.now() > deadline) throw new Error(`the server on port ${port} did not become ready`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function query(port: number, expression: string): Promise<ReadonlyMap<string, number>> {
  const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`;
  const answer = (await (await fetch(url)).json()) as {
    readonly data: {
      readonly result: readonly {
        readonly metric: Readonly<Record<string, string>>;
        readonly value: readonly [number, string];
      }[];
    };
  };
  return new Map(answer.data.result.map(({ metric, value }) => [metric["instance"] ?? "", Number(value[1])]));
}
