/** Real Redis servers for tests: loopback, a folder of their own, every write on disk before it is acknowledged. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createClient } from "@redis/client";

import { findFreePort } from "../../../../test/kit/free-port.ts";

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  /** Of the server that runs now. */
  readonly pid: number;
  /** Ends the server as a crash does. */
  kill(): Promise<void>;
  /** Starts it again with what it wrote. */
  start(): Promise<void>;
  /** One command, answered. */
  command(...args: string[]): Promise<unknown>;
  stop(): Promise<void>;
}

const FOLDERS = [
  ...(process.env["PATH"] ?? "").split(path.delimiter),
  "/usr/sbin",
  "/usr/local/bin",
  "/usr/bin",
];
const LONGEST_START_MS = 10_000;

/**
 * Why tests that need Redis cannot run, for `skip`; false where they can. Said aloud. In CI nothing is skipped: there the
 * server does not start, and the test fails.
 */
export function skipWithoutRedis(): string | false {
  if (process.env["CI"] === "true" || findServer() !== undefined) return false;
  const problem = "redis-server is not installed";
  process.stderr.write(
    `SKIPPED: ${problem}, so the tests that need it do not run here; \`node tools/install-services.mjs\` brings it\n`,
  );
  return problem;
}

function findServer(): string | undefined {
  return FOLDERS.map((folder) => path.join(folder, "redis-server")).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface RedisSetup {
  /** Further parameters of the program. */
  readonly options?: readonly string[];
  /** PEM texts with which it and its clients speak TLS, and nothing else. */
  readonly tls?: { readonly certificate: string; readonly privateKey: string };
}

export async function startRedis({ options = [], tls }: RedisSetup = {}): Promise<TestRedis> {
  const server = findServer();
  if (server === undefined) throw new Error("redis-server is not installed; CI must install it");
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-redis-"));
  const port = await findFreePort();
  let child: ChildProcess | undefined;
  const url = `${tls === undefined ? "redis" : "rediss"}://127.0.0.1:${port}`;
  const listening =
    tls === undefined ? ["--port", String(port)] : await listenWithTls({ ...tls, folder, port });

  const command = async (...args: string[]): Promise<unknown> => {
    const socket = { reconnectStrategy: false, connectTimeout: 1000 } as const;
    const client = createClient({
      url,
      RESP: 2,
      socket: tls === undefined ? socket : { ...socket, tls: true, ca: tls.certificate },
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return await client.sendCommand(args);
    } finally {
      if (client.isOpen) client.destroy();
    }
  };

  const start = async (): Promise<void> => {
    child = spawn(
      server,
      [
        ...[...listening, "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
        ...["--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no", ...options],
      ],
      { stdio: "ignore" },
    );
    const deadline = performance.now() + LONGEST_START_MS;
    for (;;) {
      try {
        await command("PING");
        return;
      } catch (error) {
        if (child.exitCode !== null || performance.now() > deadline) {
          throw new Error("redis-server did not start", { cause: error });
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };

  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };

  await start();
  return {
    url,
    port,
    folder,
    get pid() {
      return child?.pid ?? -1;
    },
    command,
    kill,
    start,
    async stop() {
      await kill();
      await rm(folder, { recursive: true });
    },
  };
}

async function listenWithTls({
  certificate,
  privateKey,
  folder,
  port,
}: NonNullable<RedisSetup["tls"]> & { readonly folder: string; readonly port: number }): Promise<
  readonly string[]
> {
  const files = { certificate: path.join(folder, "certificate.pem"), key: path.join(folder, "key.pem") };
  await writeFile(files.certificate, certificate);
  await writeFile(files.key, privateKey, { mode: 0o600 });
  return [
    ...["--port", "0", "--tls-port", String(port), "--tls-auth-clients", "no", "--tls-cluster", "yes"],
    ...[
      "--tls-cert-file",
      files.certificate,
      "--tls-key-file",
      files.key,
      "--tls-ca-cert-file",
      files.certificate,
    ],
  ];
}
