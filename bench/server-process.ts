/** Servers that are measured run in processes of their own, so that their CPU is theirs alone. */

import { type ChildProcess, fork } from "node:child_process";

/** CPU time of a server's process between two moments, in microseconds. */
export interface MeteredServer {
  /** "host:port". */
  readonly address: string;
  /** CPU microseconds, user and system, since the last call. */
  readCpu(): Promise<number>;
  close(): void;
}

/** What a server's process tells of itself once it listens. */
interface Announcement {
  readonly address: string;
}

/** Starts a module that calls `serveMetered`. */
export async function startMetered(module: URL, parameters: readonly string[]): Promise<MeteredServer> {
  const child = fork(module, parameters, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const { address } = await receive<Announcement>(child);
  const readCpu = async (): Promise<number> => {
    child.send("cpu");
    return await receive<number>(child);
  };
  await readCpu();
  return { address, readCpu, close: () => child.disconnect() };
}

function receive<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (code: number | null): void => reject(new Error(`a measured server ended with ${code}`));
    child.once("exit", fail);
    child.once("message", (message) => {
      child.off("exit", fail);
      resolve(message as T);
    });
  });
}

/** In the server's process: tells its address, then its CPU whenever it is asked; ends with its parent. */
export function serveMetered(address: string): void {
  let last = process.cpuUsage();
  process.on("message", () => {
    const now = process.cpuUsage();
    process.send?.(now.user + now.system - last.user - last.system);
    last = now;
  });
  process.on("disconnect", () => process.exit(0));
  process.send?.({ address });
}
