/** `countersign serve` as it is run, with two workers and a store of revocations, and an issuer that serves its keys. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createTestIssuer, type TestIssuer } from "countersign/testing";
import { findFreePort } from "../../kit/free-port.ts";
import { listProcesses } from "./sampler.ts";

export interface SidecarSetup {
  /** For its configuration, store and what its processes tell; exists. */
  readonly folder: string;
  /** How often each process tells how much it holds. */
  readonly everyMs: number;
  /** Of a Redis that keeps the revocations; SQLite in the folder does where there is none. */
  readonly redisUrl?: string | undefined;
  readonly onStop: (stop: () => Promise<unknown>) => void;
}

export interface Sidecar {
  readonly issuer: TestIssuer;
  /** host:port of decisions. */
  readonly decision: string;
  readonly pid: number;
  /** Where its processes tell how much they hold. */
  readonly tellingFolder: string;
  /** @throws Error where the API does not take it. */
  revoke(body: object): Promise<void>;
  metrics(): Promise<string>;
  /** What it wrote last on standard error. */
  lastWords(): string;
}

const WORKERS = 2;
/** Of any token: then what was revoked is forgotten, and the list stops growing. */
export const TOKEN_SECONDS = 60;
const AUDIT_FILE_BYTES = 1024 * 1024;
const LONGEST_START_MS = 60_000;
const ANSWER_TIMEOUT_MS = 20_000;
const MOST_WORDS = 4096;
const PROGRAM = fileURLToPath(new URL("../../../packages/cli/src/main.ts", import.meta.url));
const TELL_MEMORY = new URL("tell-memory.ts", import.meta.url).href;
const FLAGS = [
  "--conditions=@countersign/source",
  "--disable-warning=ExperimentalWarning",
  "--expose-gc",
  `--import=${TELL_MEMORY}`,
];

export async function startSidecar(setup: SidecarSetup): Promise<Sidecar> {
  const { folder, everyMs, redisUrl, onStop } = setup;
  const issuer = await createTestIssuer({ algorithms: ["ES256"], serve: true });
  onStop(() => issuer.close());
  const [decision = "", admin = ""] = [await findFreePort(), await findFreePort()].map(
    (port) => `127.0.0.1:${port}`,
  );
  const tellingFolder = path.join(folder, "telling");
  await mkdir(tellingFolder);
  const file = path.join(folder, "countersign.yaml");
  const tokenFile = path.join(folder, "api.token");
  const store =
    redisUrl === undefined
      ? { sqlite: path.join(folder, "revocations.db") }
      : { redis: { urls: [redisUrl] } };
  // JSON is YAML.
  await writeFile(
    file,
    JSON.stringify(describeConfiguration({ issuer, decision, admin, store, folder, tokenFile })),
  );
  const child = spawn(process.execPath, [...FLAGS, PROGRAM, "serve", "--config", file], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, SOAK_FOLDER: tellingFolder, SOAK_EVERY_MS: String(everyMs) },
  });
  onStop(() => endChild(child));
  let words = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    words = (words + text).slice(-MOST_WORDS);
  });
  await awaitStart({ child, admin, tellingFolder, lastWords: () => words });
  const secret = (await readFile(tokenFile, "utf8")).trim();
  return {
    issuer,
    decision,
    pid: child.pid ?? -1,
    tellingFolder,
    revoke: (body) => revoke({ admin, secret }, body),
    metrics: async () => (await get(`http://${admin}/metrics`)).text(),
    lastWords: () => words,
  };
}

function describeConfiguration(parts: {
  readonly issuer: TestIssuer;
  readonly decision: string;
  readonly admin: string;
  readonly store: object;
  readonly folder: string;
  readonly tokenFile: string;
}): object {
  const { issuer, decision, admin, store, folder, tokenFile } = parts;
  const keys = {
    jwksUri: issuer.jwksUri,
    insecureLoopbackHttp: true,
    // As short as they may be, so that keys turn often.
    cooldownSeconds: 1,
    minRefreshSeconds: 1,
    maxRefreshSeconds: 1,
    removalGraceSeconds: 0,
  };
  return {
    listeners: { decision, admin, extAuthz: "off" },
    issuers: [{ ...issuer.validatorOptions(), name: "soak", keys, maxLifetimeSeconds: 2 * TOKEN_SECONDS }],
    revocation: { store },
    // Small files, so that they are changed and removed while the soak looks on.
    audit: {
      pseudonymKeyFile: path.join(folder, "pseudonyms.key"),
      acceptances: { oneIn: 10 },
      file: {
        path: path.join(folder, "audit.jsonl"),
        signingKeyFile: path.join(folder, "signing.pem"),
        maxBytes: AUDIT_FILE_BYTES,
        keepFiles: 2,
      },
    },
    api: { tokenFile },
    // Whoever measures shares the machine with what is measured.
    overload: { maxEventLoopDelayMs: 10_000 },
    workers: WORKERS,
    routes: [{ path: "/**", allow: "authenticated" }],
  };
}

async function awaitStart(started: {
  readonly child: ChildProcess;
  readonly admin: string;
  readonly tellingFolder: string;
  lastWords(): string;
}): Promise<void> {
  const { child, admin, tellingFolder, lastWords } = started;
  const deadline = performance.now() + LONGEST_START_MS;
  for (;;) {
    const isReady = await get(`http://${admin}/healthz/ready`).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.ok;
      },
      () => false,
    );
    if (isReady && (await listProcesses(tellingFolder)).length === WORKERS + 1) return;
    if (child.exitCode !== null || performance.now() > deadline)
      throw new Error(`countersign serve did not become ready with ${WORKERS} workers: ${lastWords()}`);
    await pause(100);
  }
}

async function revoke(
  { admin, secret }: { readonly admin: string; readonly secret: string },
  body: object,
): Promise<void> {
  const response = await fetch(`http://${admin}/api/v1/revocations`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: JSON.stringify({ ...body, reason: "soak" }),
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the API answered ${response.status}: ${text}`);
}

function get(url: string): Promise<Response> {
  return fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await exited;
  clearTimeout(timer);
}
