/** Real processes that die: what the API acknowledged is refused by whoever comes after. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createTestIssuer } from "countersign/testing";
import { skipWithoutRedis, startRedis } from "../../packages/server/test/kit/start-redis.ts";
import { waitFor } from "../../packages/server/test/kit/wait-for.ts";

const PROGRAM = fileURLToPath(new URL("../drills/revocation/serve-instance.ts", import.meta.url));
const AT_A_TIME = 16;
/** So many are acknowledged when the process is killed; others are on their way. */
const BEFORE_THE_END = 150;

interface Server {
  readonly decision: string;
  readonly admin: string;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
}

async function startServer(configuration: object): Promise<Server> {
  const text = JSON.stringify(configuration);
  const parameters = ["--conditions=@countersign/source", PROGRAM, JSON.stringify({ text, skewMs: 0 })];
  const child = spawn(process.execPath, parameters, { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  const [line] = (await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), "line")) as [
    string,
  ];
  const addresses = JSON.parse(line) as { decision: string; admin: string };
  return {
    ...addresses,
    async kill() {
      if (child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

async function killAmidRevocations(store: object, folder: string): Promise<void> {
  const issuer = await createTestIssuer({ algorithms: ["ES256"] });
  const tokenFile = path.join(folder, "api.token");
  const configuration = {
    listeners: { decision: "127.0.0.1:0", admin: "127.0.0.1:0", extAuthz: "off" },
    issuers: [issuer.validatorOptions()],
    revocation: { store },
    api: { tokenFile },
    routes: [{ path: "/**", allow: "authenticated" }],
  };
  const tokens = await Promise.all(
    Array.from({ length: 2000 }, (_, index) => issuer.sign({ sub: "u", jti: `crash-${index}` })),
  );
  const first = await startServer(configuration);
  const secret = (await readFile(tokenFile, "utf8")).trim();
  const acknowledged: string[] = [];
  const queue = [...tokens];
  const revokeSome = async (): Promise<void> => {
    for (let token = queue.shift(); token !== undefined; token = queue.shift()) {
      const response = await fetch(`http://${first.admin}/api/v1/revocations`, {
        method: "POST",
        headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
        body: JSON.stringify({ token, reason: "crash" }),
      }).catch(() => undefined);
      if (response === undefined) return;
      if (response.status === 201) acknowledged.push(token);
      await response.arrayBuffer().catch(() => undefined);
      if (acknowledged.length === BEFORE_THE_END) await first.kill();
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, revokeSome));
  assert.ok(acknowledged.length >= BEFORE_THE_END && queue.length > 0, "it was killed in the middle");
  const second = await startServer(configuration);
  try {
    const never = await issuer.sign({ sub: "u", jti: "never-revoked" });
    await waitFor(async () => (await decide(second, never)) === 200);
    for (const token of acknowledged) assert.equal(await decide(second, token), 401);
  } finally {
    await second.kill();
  }
}

async function decide({ decision }: Server, token: string): Promise<number> {
  const headers = {
    authorization: `Bearer ${token}`,
    "x-forwarded-method": "GET",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "api.example.com",
    "x-forwarded-uri": "/x",
  };
  const response = await fetch(`http://${decision}/authz`, { headers });
  await response.arrayBuffer();
  return response.status;
}

describe("a sidecar that is killed in the middle of revocations", () => {
  it("loses none that it acknowledged in a SQLite file", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-crash-"));
    try {
      await killAmidRevocations({ sqlite: path.join(folder, "revocations.db") }, folder);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("loses none that it acknowledged in Redis", { skip: skipWithoutRedis() }, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-crash-"));
    const redis = await startRedis();
    try {
      await killAmidRevocations({ redis: { urls: [redis.url] } }, folder);
    } finally {
      await redis.stop();
      await rm(folder, { recursive: true });
    }
  });
});
