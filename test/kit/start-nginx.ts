/** A real nginx with the configuration that the project hands out. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findProgram } from "./find-program.ts";
import { findFreePort } from "./free-port.ts";

export interface RunningNginx {
  readonly url: string;
  close(): Promise<void>;
}

/** Addresses as "host:port". */
export interface NginxTargets {
  readonly decision: string;
  readonly application: string;
  /** Which file of `deploy/nginx`. Default "countersign". */
  readonly configuration?: NginxConfiguration;
  /** Changes the handed-out configuration, to see what another setting does. Default as it is. */
  readonly adapt?: (configuration: string) => string;
}

export type NginxConfiguration = "countersign" | "websockets" | "cached-decisions";

const CONFIGURATIONS = new URL("../../deploy/nginx/", import.meta.url);
const START_ATTEMPTS = 100;
const START_PAUSE_MS = 50;

function replaceOnce(text: string, change: { readonly from: string; readonly to: string }): string {
  const parts = text.split(change.from);
  if (parts.length !== 2)
    throw new Error(`deploy/nginx: expected ${change.from} once, found it ${parts.length - 1} times`);
  return parts.join(change.to);
}

function wrapConfiguration(folder: string, servers: string): string {
  // Root's workers would run as nobody, who cannot write into the temporary folder.
  const user = process.getuid?.() === 0 ? "user root;" : "";
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join("\n");
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
${user}
events { worker_connections 512; }
http {
access_log off;
${temporary}
${servers}
}
`;
}

async function waitForPort(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    const socket = connect(port, "127.0.0.1");
    const opened = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (opened) return;
    await delay(START_PAUSE_MS);
  }
  throw new Error("nginx did not listen in time");
}

/** Starts nginx on a free port, in the foreground of this process and with all its files in a temporary folder. */
export async function startNginx(targets: NginxTargets): Promise<RunningNginx> {
  const program = findProgram("nginx");
  if (program === undefined) throw new Error("nginx is not installed");
  const folder = await mkdtemp(join(tmpdir(), "countersign-nginx-"));
  const port = await findFreePort();
  const { configuration = "countersign", adapt = (text: string) => text } = targets;
  let servers = adapt(await readFile(new URL(`${configuration}.conf`, CONFIGURATIONS), "utf8"));
  servers = replaceOnce(servers, { from: "server 127.0.0.1:9400;", to: `server ${targets.decision};` });
  servers = replaceOnce(servers, { from: "server 127.0.0.1:3000;", to: `server ${targets.application};` });
  servers = replaceOnce(servers, { from: "listen 127.0.0.1:8081", to: `listen 127.0.0.1:${port}` });
  servers = servers.replace("/run/countersign-decisions", join(folder, "decisions"));
  const path = join(folder, "nginx.conf");
  await writeFile(path, wrapConfiguration(folder, servers));

  const child = spawn(program, ["-p", folder, "-c", path, "-e", "stderr"], {
    stdio: ["ignore", "inherit", "pipe"],
  });
  let log = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    log = (log + text).slice(-4096);
  });
  const ended = once(child, "exit");
  const close = async (): Promise<void> => {
    if (child.exitCode === null) child.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await waitForPort(port, child);
  } catch (error) {
    await close();
    throw new Error(`nginx did not start: ${log}`, { cause: error });
  }
  return { url: `http://127.0.0.1:${port}`, close };
}
