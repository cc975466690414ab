import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";

import { createTestIssuer } from "countersign/testing";
import { Agent, request } from "undici";
import { openSocket } from "./kit/open-socket.ts";
import { startSidecar } from "./kit/start-sidecar.ts";
import { startUpstream } from "./kit/start-upstream.ts";
import { waitFor } from "./kit/wait-for.ts";

const PUBLIC = "routes: [{ path: /**, allow: anonymous }]";
const issuer = await createTestIssuer();
const issuers = [issuer.validatorOptions()];

interface Tally {
  answered: number;
  /** Connections that could not be made: nothing was sent on them. */
  refused: number;
  cut: string[];
}

/** Sends without pause over kept connections until nobody listens any more; POST, so that nothing is sent twice. */
async function sendUntilRefused(url: string): Promise<Tally> {
  const agent = new Agent({ connections: 16, pipelining: 1 });
  const tally: Tally = { answered: 0, refused: 0, cut: [] };
  const clients = Array.from({ length: 16 }, async () => {
    while (tally.refused === 0) {
      try {
        const answer = await request(url, { dispatcher: agent, method: "POST", body: "x" });
        assert.equal(await answer.body.text(), "done");
        tally.answered += 1;
      } catch (error) {
        const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
        if (code === "ECONNREFUSED" || code === "ENOENT") tally.refused += 1;
        else tally.cut.push(code);
      }
    }
  });
  await Promise.all(clients);
  await agent.close();
  return tally;
}

describe("a drain under load", () => {
  it("cuts no request, on kept connections either", async () => {
    const upstream = await startUpstream((_request, response) => setTimeout(() => response.end("done"), 5));
    for (let round = 0; round < 3; round += 1) {
      const sidecar = await startSidecar({ issuers, rest: `upstream: ${upstream.url}\n${PUBLIC}` });
      const load = sendUntilRefused(`http://${sidecar.proxy}/x`);
      await waitFor(() => sidecar.events.length > 100);
      await sidecar.close();
      const { answered, cut } = await load;
      assert.deepEqual(cut, []);
      assert.ok(answered > 100);
    }
    await upstream.close();
  });

  it("tells every client to close its connection, and closes idle ones by itself", async () => {
    const upstream = await startUpstream((_request, response) => response.end("done"));
    const sidecar = await startSidecar({ issuers, rest: `upstream: ${upstream.url}\n${PUBLIC}` });
    const idle = openSocket(sidecar.proxy, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    const late = openSocket(sidecar.proxy, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    await waitFor(() => idle.text().includes("done") && late.text().includes("done"));
    assert.match(idle.text(), /connection: keep-alive/i);
    const closing = sidecar.close();
    late.socket.write("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    await closing;
    await waitFor(() => idle.isClosed() && late.isClosed());
    assert.match(late.text(), /connection: close/i);
    await upstream.close();
  });
});

describe("readiness", () => {
  it("is 503 during the drain, so that no new traffic comes", async () => {
    const held: (() => void)[] = [];
    const upstream = await startUpstream((_request, response) => held.push(() => response.end("done")));
    const sidecar = await startSidecar({ issuers, rest: `upstream: ${upstream.url}\n${PUBLIC}` });
    const ready = (): Promise<number> =>
      request(`http://${sidecar.addresses.admin}/healthz/ready`).then(async ({ statusCode, body }) => {
        await body.dump();
        return statusCode;
      });
    const client = openSocket(sidecar.proxy, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    await waitFor(async () => held.length === 1 && (await ready()) === 200);
    const closing = sidecar.close();
    assert.equal(await ready(), 503);
    for (const finish of held) finish();
    await closing;
    assert.ok(client.text().endsWith("done"));
    await upstream.close();
  });
});

interface ServingProcess {
  readonly child: ChildProcess;
  readonly proxy: string;
  readonly pids: readonly number[];
}

async function serve(upstreamUrl: string, workers: number): Promise<ServingProcess> {
  const script = new URL("./kit/serve-until-signal.ts", import.meta.url).pathname;
  const options = JSON.stringify({ upstreamUrl, issuers, workers });
  const child = spawn(process.execPath, [...process.execArgv.filter(isCondition), script, options], {
    stdio: ["ignore", "pipe", "inherit"],
    // A group of its own, as a terminal or a service manager makes one.
    detached: true,
  });
  const lines = createInterface(child.stdout);
  const ended = once(child, "exit").then(() => assert.fail("it ended before it served"));
  const [line] = (await Promise.race([once(lines, "line"), ended])) as [string];
  return { child, ...(JSON.parse(line) as Omit<ServingProcess, "child">) };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("SIGTERM under load", () => {
  for (const workers of [1, 3]) {
    it(`lets a sidecar with ${workers} deciding processes end with exit 0 and no request cut`, async () => {
      const upstream = await startUpstream((_request, response) => setTimeout(() => response.end("done"), 5));
      try {
        const { child, proxy, pids } = await serve(upstream.url, workers);
        assert.equal(pids.length, workers === 1 ? 0 : workers);
        const load = sendUntilRefused(`http://${proxy}/x`);
        await waitFor(() => upstream.seen.length > 100);
        // To the whole group: workers leave it to their primary.
        process.kill(-(child.pid ?? assert.fail()), "SIGTERM");
        const [code] = (await once(child, "exit")) as [number];
        const { cut } = await load;
        assert.deepEqual([code, cut], [0, []]);
        assert.deepEqual(pids.filter(isAlive), []);
      } finally {
        await upstream.close();
      }
    });
  }
});

describe("the workers of a primary that is killed", () => {
  it("end too: nobody would tell them of new keys", async () => {
    const upstream = await startUpstream();
    const { child, pids } = await serve(upstream.url, 2);
    assert.deepEqual(pids.filter(isAlive), pids);
    child.kill("SIGKILL");
    await waitFor(() => pids.filter(isAlive).length === 0);
    await upstream.close();
  });
});

function isCondition(argument: string): boolean {
  return argument.startsWith("--conditions") || argument.startsWith("--import");
}
