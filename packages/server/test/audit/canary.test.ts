import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { test } from "node:test";

import { createTestIssuer, TEST_TOKEN_NAMES } from "countersign/testing";

import { listTrailFiles } from "../../src/audit/chain/chain-files.ts";
import { startAudited } from "./audited-sidecar.ts";

const MARK = "XYZZY";
/** As long as no constant of ours is by chance. */
const SLICE_CHARACTERS = 12;

/** Everything that a sink got. */
interface Sink {
  readonly port: number;
  text(): string;
  close(): Promise<void>;
}

async function startHttpSink(): Promise<Sink> {
  let text = "";
  const server = createServer((asked, response) => {
    asked.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
    });
    asked.on("end", () => response.writeHead(200, { connection: "close" }).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    text: () => text,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function startSyslogSink(): Promise<Sink> {
  let text = "";
  const server = createTcpServer((socket) => {
    socket.on("error", () => undefined);
    socket.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    text: () => text,
    async close() {
      server.close();
      await once(server, "close");
    },
  };
}

/** What a client is told of a refusal: header section and body. What is told of an acceptance goes to the upstream. */
function ask(address: string, target: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const [host, port] = address.split(":");
  return new Promise((resolve, reject) => {
    const asked = request({
      host,
      port,
      path: "/authz",
      agent: false,
      headers: {
        "x-forwarded-method": "GET",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "api.test",
        "x-forwarded-uri": target,
        ...headers,
      },
    });
    asked.on("response", (response) => {
      let text = (response.statusCode ?? 0) < 400 ? "" : response.rawHeaders.join("\n");
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () => resolve(text));
    });
    asked.on("error", reject).end();
  });
}

/** Every part of the secrets that is as long as that; what is none of a token's characters is the form around it. */
function sliceAll(secrets: readonly string[]): ReadonlySet<string> {
  const slices = new Set<string>();
  for (const secret of secrets) {
    for (let start = 0; start + SLICE_CHARACTERS <= secret.length; start++) {
      const slice = secret.slice(start, start + SLICE_CHARACTERS);
      if (/^[A-Za-z0-9_.-]+$/.test(slice)) slices.add(slice);
    }
  }
  return slices;
}

function findSlice(text: string, slices: ReadonlySet<string>): string | undefined {
  for (let start = 0; start + SLICE_CHARACTERS <= text.length; start++) {
    const slice = text.slice(start, start + SLICE_CHARACTERS);
    if (slices.has(slice)) return slice;
  }
  return undefined;
}

test("no token, part of one, proof, subject or claim is in any output, in the log, in metrics or in what a refused client is told", async () => {
  const issuer = await createTestIssuer();
  const [webhook, otlp, syslog] = await Promise.all([startHttpSink(), startHttpSink(), startSyslogSink()]);
  const outputs = `webhook: { url: "http://127.0.0.1:${webhook.port}", format: ecs }, otlp: { url: "http://127.0.0.1:${otlp.port}" }, syslog: { to: "tcp://127.0.0.1:${syslog.port}", format: ocsf }`;
  await using audited = await startAudited({
    issuer,
    audit: `acceptances: all, denials: { perSecond: 10000, burst: 100000 }, ${outputs}`,
    rest: "routes: [{ path: /**, allow: authenticated, scopes: [needed] }]",
  });
  const address = audited.sidecar.decision;
  let answers = "";
  const claims = {
    sub: `sub-${MARK}`,
    jti: `jti-${MARK}`,
    client_id: `client-${MARK}`,
    name: MARK,
    scope: "needed",
  };
  const good = await issuer.sign(claims);
  const secrets = [good, await issuer.sign({ ...claims, scope: "other" })];
  for (const name of TEST_TOKEN_NAMES) secrets.push(await issuer.tokens[name]());
  for (const token of secrets) {
    const headers = { authorization: `Bearer ${token}`, cookie: `session=${MARK}` };
    if (/^[\x21-\x7e]{1,7000}$/.test(token)) answers += await ask(address, `/orders?secret=${MARK}`, headers);
  }
  const proof = await issuer.sign({ htu: MARK });
  answers += await ask(address, "/orders", { authorization: `DPoP ${good}`, dpop: proof });
  // Where clients put them although they should not: in the path, whole and in parts.
  const [header = "", payload = "", signature = ""] = good.split(".");
  for (const path of [
    good,
    `${header}.${payload}`,
    `x/${payload}`,
    `${signature}/y`,
    encodeURIComponent(good),
  ]) {
    answers += await ask(address, `/verify/${path}`, { authorization: `Bearer ${good}` });
    answers += await ask(address, `/verify/${path}`, {});
  }
  const metrics = await (await fetch(`http://${audited.sidecar.addresses.admin}/metrics`)).text();
  const { problems } = await audited.finish();
  assert.deepEqual(problems, []);
  const files = await Promise.all(
    (await listTrailFiles(audited.folder.file("audit.jsonl"))).map((file) => readFile(file, "utf8")),
  );
  await Promise.all([webhook.close(), otlp.close(), syslog.close()]);
  const sinks = new Map([
    ["file", files.join("")],
    ["webhook", webhook.text()],
    ["otlp", otlp.text()],
    ["syslog", syslog.text()],
    ["log", JSON.stringify(audited.sidecar.log)],
    ["metrics", metrics],
    ["answers", answers],
  ]);
  const slices = sliceAll([...secrets, proof]);
  for (const [name, text] of sinks) {
    assert.ok(text.length > 200, `${name} got nothing`);
    assert.ok(
      !text.includes(MARK),
      `a claim is in ${name}: ${text.slice(text.indexOf(MARK) - 200, text.indexOf(MARK) + 20)}`,
    );
    assert.equal(findSlice(text, slices), undefined, `${name} holds a part of a token`);
  }
  assert.ok((await audited.events()).filter(({ event }) => event === "token.accepted").length > 0);
});
