/** What only nginx can get wrong: upgrades, connections to the sidecar, and two files that say the same. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { skipWithout } from "../kit/find-program.ts";
import { sendRaw } from "../kit/send-raw.ts";
import { listSeen, sendRequest } from "../kit/send-request.ts";
import { startEcho } from "../kit/start-echo.ts";
import { type NginxConfiguration, type RunningNginx, startNginx } from "../kit/start-nginx.ts";
import { type RecordingDecision, startRecordingDecision } from "../kit/start-recording-decision.ts";
import { startStack } from "../kit/start-stack.ts";

const REQUESTS = 5;
const CONFIGURATIONS: readonly NginxConfiguration[] = ["countersign", "websockets", "cached-decisions"];

function readLines(name: NginxConfiguration): readonly string[] {
  return readFileSync(new URL(`../../deploy/nginx/${name}.conf`, import.meta.url), "utf8").split("\n");
}

/** Asks nginx a few times in turn, and tells how many connections it opened to what decides. */
async function countConnections(
  configuration: NginxConfiguration,
  adapt?: (text: string) => string,
): Promise<number> {
  const [echo, decision] = await Promise.all([startEcho(), startRecordingDecision()]);
  let nginx: RunningNginx | undefined;
  try {
    decision.answerWith({ status: 200 });
    const targets = { decision: decision.address, application: echo.address, configuration };
    nginx = await startNginx({ ...targets, ...(adapt && { adapt }) });
    for (let sent = 0; sent < REQUESTS; sent += 1) await assertPassed(nginx, decision);
    return decision.connections();
  } finally {
    await nginx?.close();
    await Promise.all([echo.close(), decision.close()]);
  }
}

async function assertPassed(nginx: RunningNginx, decision: RecordingDecision): Promise<void> {
  assert.equal((await sendRequest({ url: nginx.url })).status, 200);
  assert.equal(decision.takeQuestions().length, 1);
}

describe("nginx", { skip: skipWithout("nginx") }, () => {
  it("is handed out twice, and the two differ in nothing but WebSockets", () => {
    const plain = new Set(readLines("countersign"));
    const own = readLines("websockets").filter((line) => !plain.has(line) && !line.startsWith("#"));
    assert.deepEqual(
      own.map((line) => line.trim()),
      [
        "map $http_upgrade $countersign_upgrade {",
        'default "";',
        "~*^websocket$ websocket;",
        "map $countersign_upgrade $countersign_connection {",
        'default "";',
        "websocket upgrade;",
        "proxy_set_header Upgrade $countersign_upgrade;",
        "proxy_set_header Connection $countersign_connection;",
        "# Longest silence of the application, WebSockets too; have it send pings.",
        "proxy_read_timeout 60s;",
      ],
    );
    const wide = new Set(readLines("websockets"));
    assert.deepEqual(
      readLines("countersign").filter((line) => !wide.has(line) && !line.startsWith("#")),
      [],
    );
  });

  for (const configuration of CONFIGURATIONS) {
    it(`keeps its connection to the sidecar, as in ${configuration}.conf`, async () => {
      assert.equal(await countConnections(configuration), 1);
    });
  }

  it("would open one for each request without the line in the location that asks", async () => {
    const forgetLine = (text: string): string => text.replace('proxy_set_header Connection "";', "");
    assert.equal(await countConnections("websockets", forgetLine), REQUESTS);
  });

  it("hands on a WebSocket with its identity, and no other upgrade", async () => {
    const stack = await startStack();
    const targets = { decision: stack.decisionAddress, application: stack.echo.address };
    const nginx = await startNginx({ ...targets, configuration: "websockets" });
    try {
      const token = (await stack.idp?.mint()) ?? "";
      const ask = (lines: readonly string[]): ReturnType<typeof sendRaw> => {
        const head = ["GET /orders/1 HTTP/1.1", "Host: app.test", `Authorization: Bearer ${token}`];
        return sendRaw({ url: nginx.url, text: [...head, ...lines, "", ""].join("\r\n") });
      };
      const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
      const open = ["Connection: keep-alive, Upgrade", "Upgrade: WebSocket", key, "X-Auth-Subject: root"];
      const opened = await ask([...open, "Sec-WebSocket-Version: 13"]);
      assert.equal(opened.status, 101);
      assert.match(opened.body, /hello/);
      assert.deepEqual(listSeen(stack.echo.last(), "x-auth-subject"), [stack.idp?.clientId]);
      assert.deepEqual(listSeen(stack.echo.last(), "authorization"), []);

      for (const upgrade of ["h2c", "websocket, h2c", "xwebsocket", "TLS/1.0"]) {
        const answer = await ask(["Connection: Upgrade, close", `Upgrade: ${upgrade}`]);
        assert.equal(answer.status, 200, upgrade);
        assert.deepEqual(listSeen(stack.echo.last(), "upgrade"), [], upgrade);
        assert.doesNotMatch(listSeen(stack.echo.last(), "connection").join(), /upgrade/i, upgrade);
      }
    } finally {
      await nginx.close();
      await stack.close();
    }
  });
});
