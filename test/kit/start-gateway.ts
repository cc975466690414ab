/** What the starters of all gateways share: a temporary folder, a process, its end. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findGateway, type GatewayProgram } from "./find-gateway.ts";
import { findFreePort } from "./free-port.ts";

/** Where a gateway that asks for decisions sends what. Addresses as "host:port". */
export interface DecisionTargets {
  /** What decides: the sidecar's `decision` or `extAuthz` listener, or something that records. */
  readonly decision: string;
  /** What is guarded. */
  readonly application: string;
  /** Changes the handed-out configuration, to see what another setting does. Default as it is. */
  readonly adapt?: (configuration: string) => string;
}

/** Where a gateway in front of the built-in proxy sends everything. */
export interface ProxyTargets {
  /** "host:port" of the proxy. */
  readonly proxy: string;
  /** As in `DecisionTargets`. */
  readonly adapt?: (configuration: string) => string;
}

export interface RunningGateway {
  readonly url: string;
  /** The last 64 KiB of what the program said, for a test that fails. */
  log(): string;
  /** Ends it within seconds, by force where it must be, and removes its files. May be called again. */
  close(): Promise<void>;
}

/** What one attempt to start a gateway needs to know. */
export interface GatewayPlan {
  /** Text of each file in the temporary folder. */
  readonly files: Readonly<Record<string, string>>;
  /** Parameters of the program. It must stay in the foreground, as one process. */
  readonly parameters: readonly string[];
  /** Path of a file that the program writes its log to, where it cannot write to its standard output. */
  readonly logFile?: string;
  /** Beyond an open port: tells whether it serves what the files say. */
  readonly isReady?: () => Promise<boolean>;
}

/** Plans a start in this folder, on this port of 127.0.0.1. */
export type PlanGateway = (place: { readonly folder: string; readonly port: number }) => Promise<GatewayPlan>;

const READY_TIMEOUT_MS = 15_000;
const READY_PAUSE_MS = 25;
/** They keep nothing that is worth a longer wait. */
const TERMINATION_TIMEOUT_MS = 500;
const LOG_CHARACTERS = 65_536;
/** Somebody else may take the port between finding it and listening on it. */
const START_ATTEMPTS = 3;

/**
 * Starts a gateway and waits until it serves.
 * @throws Error with what the program said, where it does not start.
 */
export async function startGateway(name: GatewayProgram, plan: PlanGateway): Promise<RunningGateway> {
  const program = findGateway(name);
  if (program === undefined)
    throw new Error(`${name} is not installed; tools/install-services.mjs installs it`);
  const failures: unknown[] = [];
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt += 1) {
    try {
      return await startOnce(program, plan);
    } catch (error) {
      failures.push(error);
      if (!/in use|bind/i.test(String(error))) break;
    }
  }
  throw failures.at(-1);
}

/** A configuration of `deploy/` with other addresses. Each must stand in it, so that none is missed unnoticed. */
export async function readConfiguration(
  file: string,
  addresses: Readonly<Record<string, string>>,
): Promise<string> {
  let text = await readFile(new URL(`../../deploy/${file}`, import.meta.url), "utf8");
  for (const [from, to] of Object.entries(addresses)) {
    if (!text.includes(from)) throw new Error(`deploy/${file}: expected ${from}, found none`);
    text = text.replaceAll(from, to);
  }
  return text;
}

async function startOnce(program: string, plan: PlanGateway): Promise<RunningGateway> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-gateway-"));
  const port = await findFreePort();
  const { files, parameters, logFile, isReady } = await plan({ folder, port });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  // No shells and no inherited settings: HOME and the XDG folders are where Caddy would look for others' state.
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder };
  const child = spawn(program, parameters, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const log = collectLog(child, logFile);
  const end = createEnd(child);
  const close = async (): Promise<void> => {
    await end();
    log();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await waitUntilReady(child, { port, isReady });
  } catch (error) {
    await close();
    throw new Error(`${program} did not start: ${log()}`, { cause: error });
  }
  return { url: `http://127.0.0.1:${port}`, log, close };
}

function collectLog(child: ChildProcess, logFile: string | undefined): () => string {
  let log = "";
  let filed = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(-LOG_CHARACTERS);
    });
  return () => {
    // Gone after the end; what was read last stays.
    if (logFile !== undefined && existsSync(logFile))
      filed = readFileSync(logFile, "utf8").slice(-LOG_CHARACTERS);
    return filed + log;
  };
}

/** Ends the process: asked first, then by force; by force too where this process ends before it was asked. */
function createEnd(child: ChildProcess): () => Promise<void> {
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("close", () => resolve());
  }).finally(() => process.removeListener("exit", kill));
  return async () => {
    child.kill("SIGTERM");
    const force = setTimeout(kill, TERMINATION_TIMEOUT_MS);
    await ended;
    clearTimeout(force);
  };
}

async function waitUntilReady(
  child: ChildProcess,
  { port, isReady }: { readonly port: number; readonly isReady: GatewayPlan["isReady"] },
): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined)
      throw new Error(`It ended with ${child.exitCode ?? child.signalCode}`);
    if ((await isListening(port)) && (isReady === undefined || (await isReady()))) return;
    await delay(READY_PAUSE_MS);
  }
  throw new Error(`It did not serve within ${READY_TIMEOUT_MS} ms`);
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const opened = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return opened;
}
