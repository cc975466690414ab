/** An instance as the drill sees it: a process with a decision listener and an API. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DecisionConnection } from "./decision-connection.ts";

const PROGRAM = fileURLToPath(new URL("serve-instance.ts", import.meta.url));
const START_TIMEOUT_MS = 120_000;
const ANSWER_TIMEOUT_MS = 20_000;

export interface InstanceSetup {
  readonly name: string;
  readonly issuer: object;
  readonly redisUrl: string;
  readonly tokenFile: string;
  readonly maxStaleSeconds: number;
  readonly skewMs: number;
}

export interface LaunchSetup {
  readonly name: string;
  readonly configuration: { readonly api?: { readonly tokenFile: string } };
  readonly skewMs?: number;
}

export interface Answered {
  readonly status: number;
  readonly text: string;
}

export class Instance {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #addresses: { readonly decision: string; readonly admin: string };
  readonly #token: string;
  readonly #decisions: DecisionConnection;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });

  private constructor(
    name: string,
    parts: {
      readonly child: ChildProcess;
      readonly addresses: { readonly decision: string; readonly admin: string };
      readonly token: string;
    },
  ) {
    this.name = name;
    this.#child = parts.child;
    this.#addresses = parts.addresses;
    this.#token = parts.token;
    this.#decisions = new DecisionConnection(parts.addresses.decision);
  }

  static start(setup: InstanceSetup): Promise<Instance> {
    const { name, issuer, redisUrl, tokenFile, maxStaleSeconds, skewMs } = setup;
    const configuration = {
      listeners: { decision: "127.0.0.1:0", admin: "127.0.0.1:0", extAuthz: "off" },
      issuers: [issuer],
      revocation: { store: { redis: { urls: [redisUrl] } }, maxStaleSeconds, instance: name },
      api: { tokenFile },
      overload: { maxEventLoopDelayMs: 10_000 },
      routes: [
        { path: "/**", allow: "authenticated" },
        { path: "/fresh", allow: "authenticated", revocation: "fresh" },
      ],
    };
    return Instance.launch({ name, configuration, skewMs });
  }

  /** With any configuration; its API can be asked where that names a `tokenFile`. */
  static async launch({ name, configuration, skewMs = 0 }: LaunchSetup): Promise<Instance> {
    const text = JSON.stringify(configuration);
    const tokenFile = configuration.api?.tokenFile;
    const flags = ["--conditions=@countersign/source", "--disable-warning=ExperimentalWarning"];
    const child = spawn(process.execPath, [...flags, PROGRAM, JSON.stringify({ text, skewMs })], {
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    const signal = AbortSignal.timeout(START_TIMEOUT_MS);
    const exited = once(child, "exit").then(() => {
      throw new Error(`${name} ended while it started`);
    });
    const [line] = (await Promise.race([once(lines, "line", { signal }), exited])) as [string];
    exited.catch(() => undefined);
    const addresses = JSON.parse(line) as { decision: string; admin: string };
    const token = tokenFile === undefined ? "" : (await readFile(tokenFile, "utf8")).trim();
    return new Instance(name, { child, addresses, token });
  }

  /** host:port of health, metrics and API. */
  get admin(): string {
    return this.#addresses.admin;
  }

  /** host:port where decisions are asked for. */
  get decision(): string {
    return this.#addresses.decision;
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Sets its clock so many milliseconds before or behind ours. */
  setClock(skewMs: number): void {
    this.#child.send({ skewMs });
  }

  /** Has it read another configuration, as an operator who changes its file; which may be refused. */
  reload(configuration: object): void {
    this.#child.send({ text: JSON.stringify(configuration) });
  }

  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(name);
  }

  /** The status of a decision about a token, for a question as `describeQuestion` writes it. */
  ask(question: string): Promise<number> {
    return this.#decisions.ask(question);
  }

  /** The status of a decision about a token, on a connection of its own where others are busy. */
  async decide(token: string, path = "/x"): Promise<number> {
    const { status } = await this.#send(this.#addresses.decision, "/authz", {
      headers: {
        Authorization: `Bearer ${token}`,
        "X-Forwarded-Method": "GET",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "api.example.com",
        "X-Forwarded-Uri": path,
      },
    });
    return status;
  }

  async api(path: string, body?: object): Promise<Answered> {
    return this.#send(this.#addresses.admin, `/api/v1${path}`, {
      headers: {
        Authorization: `Bearer ${this.#token}`,
        ...(body !== undefined && { "Content-Type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  async isReady(): Promise<boolean> {
    return (await this.#send(this.#addresses.admin, "/healthz/ready", { headers: {} })).status === 200;
  }

  async metrics(): Promise<string> {
    return (await this.#send(this.#addresses.admin, "/metrics", { headers: {} })).text;
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    this.#decisions.close();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGCONT");
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await exited;
    clearTimeout(timer);
  }

  #send(
    address: string,
    path: string,
    { headers, body }: { readonly headers: Record<string, string>; readonly body?: string },
  ): Promise<Answered> {
    const [host = "", port = ""] = address.split(":");
    return new Promise((resolve, reject) => {
      const method = body === undefined ? "GET" : "POST";
      const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
      const asked = request({ host, port, path, method, headers, agent: this.#agent, signal }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.once("end", () => resolve({ status: response.statusCode ?? 0, text }));
        response.once("error", reject);
      });
      asked.once("error", reject);
      asked.end(body);
    });
  }
}
