import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type Place, pinCommand } from "./pin-command.ts";

export interface ProcessPlan {
  /** The program first. It must stay in the foreground. */
  readonly command: readonly string[];
  readonly folder: string;
  /** Of 127.0.0.1, on which it will listen. */
  readonly port: number;
  /** Default "server". */
  readonly place?: Place;
  readonly env?: Readonly<Record<string, string>>;
}

export interface StartedProcess {
  readonly processId: number;
  /** "host:port". */
  readonly address: string;
  /** Asked to end, then forced. */
  close(): Promise<void>;
}

/** Ends each; whatever happens, none outlives this process. */
const RUNNING = new Set<() => void>();
process.once("exit", () => {
  for (const kill of RUNNING) kill();
});

const READY_TIMEOUT_MS = 30_000;
const READY_PAUSE_MS = 20;
const END_TIMEOUT_MS = 2000;
const LOG_CHARACTERS = 8192;

/** @throws Error with what the program said, where it does not listen in time. */
export async function startProcess(plan: ProcessPlan): Promise<StartedProcess> {
  const [program = "", ...parameters] = pinCommand(plan.command, plan.place ?? "server");
  const child = spawn(program, parameters, {
    cwd: plan.folder,
    env: { PATH: process.env["PATH"] ?? "", HOME: plan.folder, ...plan.env },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: what it has started ends with it, whatever it says.
    detached: true,
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(-LOG_CHARACTERS);
    });
  }
  const close = createEnd(child);
  try {
    await waitUntilListening(child, plan.port);
  } catch (error) {
    await close();
    throw new Error(`${plan.command[0]} did not start: ${log}`, { cause: error });
  }
  return { processId: child.pid ?? 0, address: `127.0.0.1:${plan.port}`, close };
}

function createEnd(child: ChildProcess): () => Promise<void> {
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // The whole group has ended already.
    }
  };
  RUNNING.add(kill);
  const ended = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("close", () => resolve());
  }).finally(() => RUNNING.delete(kill));
  return async () => {
    child.kill("SIGTERM");
    const force = setTimeout(kill, END_TIMEOUT_MS);
    await ended;
    clearTimeout(force);
  };
}

async function waitUntilListening(child: ChildProcess, port: number): Promise<void> {
  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadlineMs) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined)
      throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`);
    const socket = connect(port, "127.0.0.1");
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await delay(READY_PAUSE_MS);
  }
  throw new Error(`it did not listen within ${READY_TIMEOUT_MS} ms`);
}
