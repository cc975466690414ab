/** `countersign serve`, killed again and again while it is told of revocations: what it acknowledged, whoever starts next refuses. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { TestIssuer } from "countersign/testing";
import { findFreePort } from "../../kit/free-port.ts";
import { DecisionConnection, describeQuestion } from "./decision-connection.ts";

export interface Crashed {
  readonly acknowledged: number;
  readonly kills: number;
  /** Acknowledged, and accepted by the process that was started last. */
  readonly lost: number;
}

export interface CrashSetup {
  readonly issuer: TestIssuer;
  /** `revocation.store`. */
  readonly store: object;
  /** For its configuration; exists. */
  readonly folder: string;
  readonly count: number;
  /** Spread over the revocations. */
  readonly kills: number;
}

const PROGRAM = fileURLToPath(new URL("../../../packages/cli/src/main.ts", import.meta.url));
const FLAGS = ["--conditions=@countersign/source", "--disable-warning=ExperimentalWarning"];
/** Revocations on their way at a time, and so when it is killed. */
const AT_A_TIME = 16;
const LONGEST_START_MS = 60_000;
const LONGEST_STEP_MS = 300_000;

export async function killAmidRevocations(setup: CrashSetup): Promise<Crashed> {
  const { issuer, folder, count, kills } = setup;
  const served = await describeServer(setup);
  const tokens = await signMany(issuer, count);
  const acknowledged = new Set<string>();
  let server = await startServer(served);
  try {
    const queue = [...tokens];
    for (let kill = 1; kill <= kills; kill++) {
      const until = Math.floor((count * kill) / (kills + 1));
      let isKilled = false;
      const atWork = revokeSome(queue, { served, acknowledged, folder, isKilled: () => isKilled });
      await awaitCount(acknowledged, until);
      isKilled = true;
      await endAsCrash(server);
      await atWork;
      server = await startServer(served);
    }
    await revokeSome(queue, { served, acknowledged, folder, isKilled: () => false });
    await endAsCrash(server);
    server = await startServer(served);
    return {
      acknowledged: acknowledged.size,
      kills: kills + 1,
      lost: await countAccepted(acknowledged, served),
    };
  } finally {
    await endAsCrash(server);
  }
}

interface Served {
  readonly file: string;
  readonly decision: string;
  readonly admin: string;
}

async function describeServer({ issuer, store, folder }: CrashSetup): Promise<Served> {
  const [decision, admin] = [await findFreePort(), await findFreePort()].map((port) => `127.0.0.1:${port}`);
  if (decision === undefined || admin === undefined) throw new Error("there is no free port");
  const file = path.join(folder, "countersign.yaml");
  const configuration = {
    listeners: { decision, admin, extAuthz: "off" },
    issuers: [{ ...issuer.validatorOptions(), maxLifetimeSeconds: 86_400 }],
    revocation: { store },
    api: { tokenFile: path.join(folder, "api.token") },
    overload: { maxEventLoopDelayMs: 10_000 },
    workers: 2,
    routes: [{ path: "/**", allow: "authenticated" }],
  };
  // JSON is YAML.
  await writeFile(file, JSON.stringify(configuration));
  return { file, decision, admin };
}

function signMany(issuer: TestIssuer, count: number): Promise<readonly string[]> {
  const expiresAt = Math.floor(Date.now() / 1000) + 3600;
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      issuer.sign({ sub: "u", jti: `crash-${index}`, exp: expiresAt }),
    ),
  );
}

/** In a group of its own, so that its workers go with it. */
async function startServer({ file, admin }: Served): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...FLAGS, PROGRAM, "serve", "--config", file], {
    stdio: "ignore",
    detached: true,
  });
  const deadline = performance.now() + LONGEST_START_MS;
  for (;;) {
    const answer = await fetch(`http://${admin}/healthz/ready`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok === true) return child;
    if (child.exitCode !== null || performance.now() > deadline) {
      await endAsCrash(child);
      throw new Error("countersign serve did not become ready");
    }
    await pause(50);
  }
}

async function endAsCrash(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  process.kill(-child.pid, "SIGKILL");
  await exited;
}

interface Revoking {
  readonly served: Served;
  readonly acknowledged: Set<string>;
  readonly folder: string;
  isKilled(): boolean;
}

/** Until the queue is empty or the server was killed; what was not acknowledged goes back into the queue. */
async function revokeSome(queue: string[], revoking: Revoking): Promise<void> {
  const { served, acknowledged, folder, isKilled } = revoking;
  const secret = (await readFile(path.join(folder, "api.token"), "utf8")).trim();
  const revoke = async (token: string): Promise<boolean> => {
    try {
      const response = await fetch(`http://${served.admin}/api/v1/revocations`, {
        method: "POST",
        headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
        body: JSON.stringify({ token, reason: "crash" }),
      });
      const answer = await response.text();
      // One whose acknowledgment was lost with the process that had it is refused already, and said to be.
      return response.ok || (response.status === 422 && answer.includes('"token_revoked"'));
    } catch {
      // Killed, or a connection to the one before.
      return false;
    }
  };
  const work = async (): Promise<void> => {
    for (let token = queue.shift(); token !== undefined; token = queue.shift()) {
      if (await revoke(token)) acknowledged.add(token);
      else {
        queue.push(token);
        if (isKilled()) return;
        // So many questions a second, and no more.
        await pause(50);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
}

async function awaitCount(acknowledged: ReadonlySet<string>, until: number): Promise<void> {
  const deadline = performance.now() + LONGEST_STEP_MS;
  while (acknowledged.size < until) {
    if (performance.now() > deadline) throw new Error(`${acknowledged.size} of ${until} were acknowledged`);
    await pause(1);
  }
}

async function countAccepted(acknowledged: ReadonlySet<string>, { decision }: Served): Promise<number> {
  const queue = [...acknowledged];
  let accepted = 0;
  const ask = async (): Promise<void> => {
    const connection = new DecisionConnection(decision);
    for (let token = queue.shift(); token !== undefined; token = queue.shift()) {
      const status = await connection.ask(describeQuestion(token));
      if (status !== 200 && status !== 401) throw new Error(`a decision was answered ${status}`);
      if (status === 200) accepted++;
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, ask));
  return accepted;
}
