import assert from "node:assert/strict";
import { mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

import { ConfigurationError } from "countersign";
import { createTestIssuer } from "countersign/testing";
import { Agent, request } from "undici";
import type { Configuration } from "../src/config/configuration.ts";
import { parseConfiguration } from "../src/config/parse-configuration.ts";
import { watchConfiguration } from "../src/watch-configuration.ts";
import { openSocket } from "./kit/open-socket.ts";
import { sendRaw, writeRequest } from "./kit/raw-request.ts";
import type { Sidecar } from "./kit/start-sidecar.ts";
import { startSidecar } from "./kit/start-sidecar.ts";
import { startUpstream } from "./kit/start-upstream.ts";
import { waitFor } from "./kit/wait-for.ts";

const LISTENERS = 'decision: "127.0.0.1:0", admin: "127.0.0.1:0", proxy: "127.0.0.1:0"';
const PUBLIC = "routes: [{ path: /**, allow: anonymous }]";
const PRIVATE = "routes: [{ path: /**, allow: authenticated }]";
const issuer = await createTestIssuer();
const upstream = await startUpstream();
after(() => upstream.close());

function write(
  rest: string,
  listeners = LISTENERS,
  issuers: readonly object[] = [issuer.validatorOptions()],
): string {
  return `listeners: { ${listeners} }\nissuers: ${JSON.stringify(issuers)}\nupstream: ${upstream.url}\n${rest}\n`;
}

function parse(...text: Parameters<typeof write>): Configuration {
  return parseConfiguration(write(...text), { env: {}, baseDir: "/" });
}

function start(rest: string, issuers: readonly object[] = [issuer.validatorOptions()]): Promise<Sidecar> {
  return startSidecar({ issuers, rest: `upstream: ${upstream.url}\n${rest}` });
}

async function statusOf(sidecar: Sidecar, lines: readonly string[] = []): Promise<number> {
  return (await sendRaw(sidecar.proxy, writeRequest("GET /x", ["Host: a", ...lines]))).status;
}

async function metric(sidecar: Sidecar, pattern: RegExp): Promise<string | undefined> {
  const { body } = await sendRaw(sidecar.addresses.admin, writeRequest("GET /metrics", ["Host: a"]));
  return pattern.exec(body)?.[1];
}

describe("reload", () => {
  it("replaces the configuration on the same listeners, and says so in the metrics", async () => {
    const sidecar = await start(PUBLIC);
    try {
      const before = await metric(sidecar, /countersign_config_info\{hash="([0-9a-f]{16})"\} 1/);
      assert.equal(await statusOf(sidecar), 200);
      const outcome = await sidecar.reload(() => parse(PRIVATE));
      assert.equal(outcome.result, "applied");
      assert.equal(await statusOf(sidecar), 401);
      const hash = await metric(sidecar, /countersign_config_info\{hash="([0-9a-f]{16})"\} 1/);
      assert.ok(outcome.result === "applied" && outcome.hash === hash && hash !== before);
      assert.equal((await sidecar.reload(() => parse(PRIVATE))).result, "unchanged");
      assert.equal(await metric(sidecar, /config_reloads_total\{result="applied"\} (\d+)/), "1");
      assert.equal(await metric(sidecar, /config_reloads_total\{result="unchanged"\} (\d+)/), "1");
    } finally {
      await sidecar.close();
    }
  });

  it("puts another table of permissions into force, also for tokens that came before", async () => {
    const routes = "routes: [{ path: /**, allow: authenticated, require: { permissions: { all: [read] } } }]";
    const table = (role: string): string =>
      `permissions: { names: [read], grants: [{ to: [read], roles: [${role}] }] }\n${routes}`;
    const sidecar = await start(table("clerk"));
    try {
      const lines = [`Authorization: Bearer ${await issuer.sign({ roles: ["clerk"] })}`];
      for (let index = 0; index < 3; index++) assert.equal(await statusOf(sidecar, lines), 200);
      const outcome = await sidecar.reload(() => parse(table("editor")));
      assert.equal(outcome.result, "applied");
      for (let index = 0; index < 3; index++) assert.equal(await statusOf(sidecar, lines), 403);
    } finally {
      await sidecar.close();
    }
  });

  it("refuses a bad configuration whole, with path, problem and remedy, and goes on with the old one", async () => {
    const sidecar = await start(PUBLIC);
    try {
      const outcome = await sidecar.reload(() => parse("routes: [{ path: /a, allow: everyone }]\nrealms: x"));
      assert.ok(outcome.result === "refused");
      assert.deepEqual(outcome.problems.map(({ path }) => path).sort(), ["realms", "routes[0].allow"]);
      assert.equal(await statusOf(sidecar), 200);
      const entry = sidecar.log.find(({ level }) => level === "error") ?? assert.fail();
      assert.match(entry.message, /refused; the old one stays in force/);
      assert.match(JSON.stringify(entry.fields), /"remedy"/);
      assert.equal(await metric(sidecar, /config_reloads_total\{result="refused"\} (\d+)/), "1");
    } finally {
      await sidecar.close();
    }
  });

  it("refuses a configuration whose listener cannot be had, and opens none of its others", async () => {
    const sidecar = await start(PUBLIC);
    const port = Number(upstream.url.split(":").at(-1));
    try {
      const outcome = await sidecar.reload(() =>
        parse(PRIVATE, `decision: "127.0.0.1:${port}", admin: "127.0.0.1:0", proxy: "127.0.0.1:0"`),
      );
      assert.ok(outcome.result === "refused");
      assert.match(outcome.problems[0]?.problem ?? "", /EADDRINUSE/);
      assert.equal(await statusOf(sidecar), 200);
    } finally {
      await sidecar.close();
    }
  });

  it("opens new listeners before it closes the old ones", async () => {
    const folder = await mkdtemp(join(tmpdir(), "countersign-"));
    const sidecar = await start(PUBLIC);
    try {
      const unix = `unix:${join(folder, "proxy.sock")}`;
      const outcome = await sidecar.reload(() =>
        parse(PUBLIC, `decision: "off", admin: "127.0.0.1:0", proxy: "${unix}"`),
      );
      assert.equal(outcome.result, "applied");
      assert.equal((await sendRaw(unix, writeRequest("GET /x", ["Host: a"]))).status, 200);
      await assert.rejects(statusOf(sidecar), /ECONNREFUSED/);
    } finally {
      await sidecar.close();
      await rm(folder, { recursive: true });
    }
  });

  it("applies new bounds to a listener that stays", async () => {
    const sidecar = await start(PUBLIC);
    try {
      // Of the sidecar's own namespace, so that the upstream does not see it.
      const long = `X-Auth-Long: ${"x".repeat(20_000)}`;
      assert.equal(await statusOf(sidecar, [long]), 431);
      await sidecar.reload(() => parse(`${PUBLIC}\nproxy: { maxHeaderBytes: 40000 }`));
      assert.equal(await statusOf(sidecar, [long]), 200);
    } finally {
      await sidecar.close();
    }
  });

  it("keeps the old configuration where the new one cannot get keys that the old one has", async () => {
    const idp = await createTestIssuer({ serve: true });
    const remote = { ...idp.validatorOptions(), name: "remote" };
    const sidecar = await start(PRIVATE, [remote]);
    try {
      const token = `Authorization: Bearer ${await idp.sign()}`;
      await waitFor(async () => (await statusOf(sidecar, [token])) === 200);
      idp.server?.faults.set("*", { status: 500 });
      // Other settings of the same keys: their copy cannot be taken over.
      const other = { ...remote, keys: { ...remote.keys, maxKeys: 100 } };
      const outcome = await sidecar.reload(() => parse(PRIVATE, LISTENERS, [other]));
      assert.ok(outcome.result === "refused", outcome.result);
      assert.equal(outcome.problems[0]?.path, "issuers[0].keys");
      assert.equal(await statusOf(sidecar, [token]), 200);
      // The same keys, other rules: the copy goes on, as old as it is.
      const stricter = { ...remote, maxLifetimeSeconds: 43_200 };
      assert.equal((await sidecar.reload(() => parse(PRIVATE, LISTENERS, [stricter]))).result, "applied");
      assert.equal(await statusOf(sidecar, [token]), 200);
    } finally {
      await sidecar.close();
      await idp.close();
    }
  });

  it("ends streams that the new rules would not have let in", async () => {
    const events = await startUpstream((_request, response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.flushHeaders();
    });
    const issuers = [issuer.validatorOptions()];
    const sidecar = await startSidecar({ issuers, rest: `upstream: ${events.url}\n${PUBLIC}` });
    const client = openSocket(sidecar.proxy, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    await waitFor(() => client.text().includes("text/event-stream"));
    await sidecar.reload(() => parse(PRIVATE));
    await waitFor(() => client.text().endsWith("0\r\n\r\n"));
    client.socket.destroy();
    await sidecar.close();
    await events.close();
  });

  it("passes on what is no problem of the configuration", async () => {
    const sidecar = await start(PUBLIC);
    await assert.rejects(
      sidecar.reload(() => {
        throw new TypeError("a defect");
      }),
      /a defect/,
    );
    assert.equal(await statusOf(sidecar), 200);
    await sidecar.close();
    assert.equal((await sidecar.reload(() => parse(PRIVATE))).result, "refused");
  });
});

describe("200 reloads during traffic", () => {
  it("drop no request, and none is judged by half a configuration", async () => {
    // The two differ in two coupled facts: which header names the subject, and which claim stands in the other.
    const one = `${PRIVATE}\nidentityHeaders: { prefix: x-one-, claims: { one: fact } }`;
    const two = `${PRIVATE}\nidentityHeaders: { prefix: x-two-, claims: { two: fact } }`;
    const echo = await startUpstream((incoming, response) => {
      const { headers } = incoming;
      const facts = ["one", "two"].map((name) => [headers[`x-${name}-subject`], headers[`x-${name}-fact`]]);
      response.end(JSON.stringify(facts));
    });
    const configurations = [one, two].map((rest) =>
      parseConfiguration(write(rest).replace(upstream.url, echo.url), { env: {}, baseDir: "/" }),
    );
    const sidecar = await startSidecar({
      issuers: [issuer.validatorOptions()],
      rest: `upstream: ${echo.url}\n${one}`,
    });
    const token = await issuer.sign({ sub: "s", one: "1", two: "2" });
    const agent = new Agent({ connections: 8, pipelining: 1 });
    const seen = new Map<string, number>();
    let running = true;
    const clients = Array.from({ length: 8 }, async () => {
      while (running) {
        const answer = await request(`http://${sidecar.proxy}/x`, {
          dispatcher: agent,
          method: "POST",
          headers: { authorization: `Bearer ${token}` },
          body: "x",
        });
        const text = `${answer.statusCode} ${await answer.body.text()}`;
        seen.set(text, (seen.get(text) ?? 0) + 1);
      }
    });
    for (let index = 1; index <= 200; index += 1) {
      const next = configurations[index % 2] ?? assert.fail();
      const outcome = await sidecar.reload(() => next);
      assert.equal(outcome.result, "applied");
      const before = total(seen);
      await waitFor(() => total(seen) > before);
    }
    running = false;
    await Promise.all(clients);
    const expected = ['200 [["s","1"],[null,null]]', '200 [[null,null],["s","2"]]'];
    assert.deepEqual([...seen.keys()].sort(), expected.sort());
    await agent.close();
    await sidecar.close();
    await echo.close();
  });
});

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

describe("watchConfiguration", () => {
  it("reads the file again when it is replaced, when the folder behind a link changes, and on SIGHUP", async () => {
    const folder = await mkdtemp(join(tmpdir(), "countersign-"));
    const path = join(folder, "countersign.yaml");
    // As Kubernetes mounts a ConfigMap: file -> ..data/file, ..data -> a folder of this version.
    await writeFile(join(folder, "first"), write(PUBLIC));
    await writeFile(join(folder, "second"), write(PRIVATE));
    await symlink("first", join(folder, "..data"));
    await symlink("..data", path);
    const sidecar = await start(PUBLIC);
    const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const watch = await watchConfiguration({ path, server: sidecar, logger });
    try {
      await symlink("second", join(folder, "..next"));
      await rename(join(folder, "..next"), join(folder, "..data"));
      await waitFor(async () => (await statusOf(sidecar)) === 401);
      await writeFile(join(folder, "new"), "routes: nonsense");
      await rename(join(folder, "new"), path);
      await waitFor(() => sidecar.log.some(({ level }) => level === "error"));
      assert.equal(await statusOf(sidecar), 401);
      await writeFile(join(folder, "new"), write(PUBLIC));
      await rename(join(folder, "new"), path);
      await waitFor(async () => (await statusOf(sidecar)) === 200);
      watch.close();
      const again = await watchConfiguration({ path, server: sidecar, logger });
      await new Promise((resolve) => setTimeout(resolve, 300));
      const unchanged = Number(await metric(sidecar, /config_reloads_total\{result="unchanged"\} (\d+)/));
      process.emit("SIGHUP");
      await waitFor(
        async () =>
          Number(await metric(sidecar, /config_reloads_total\{result="unchanged"\} (\d+)/)) > unchanged,
      );
      again.close();
    } finally {
      watch.close();
      await sidecar.close();
      await rm(folder, { recursive: true });
    }
  });

  it("refuses the reload where the file is gone", async () => {
    const sidecar = await start(PUBLIC);
    const outcome = await sidecar.reload(() => {
      throw new ConfigurationError([{ path: "x", problem: "cannot be read (ENOENT)", remedy: "y" }]);
    });
    assert.equal(outcome.result, "refused");
    await sidecar.close();
  });
});
