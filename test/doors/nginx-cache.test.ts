/** What nginx does with decisions that it may keep, in the file that is handed out for that. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { parseConfiguration, type RunningServer, startServer } from "@countersign/server";
import { createTestIssuer } from "countersign/testing";
import { skipWithout } from "../kit/find-program.ts";
import { listSeen, sendRequest } from "../kit/send-request.ts";
import { type EchoServer, startEcho } from "../kit/start-echo.ts";
import { type RunningNginx, startNginx } from "../kit/start-nginx.ts";

const MAX_AGE_SECONDS = 2;
const issuer = await createTestIssuer();
let judged = 0;

function describeSidecar(orders: string): Parameters<typeof startServer>[0] {
  return parseConfiguration(
    `
listeners: { decision: "127.0.0.1:0", admin: "127.0.0.1:0" }
issuers: ${JSON.stringify([issuer.validatorOptions()])}
nginx: { decisionMaxAgeSeconds: ${MAX_AGE_SECONDS} }
routes: [{ path: /orders/**, allow: authenticated, ${orders} }, { path: /open/**, allow: anonymous }]
`,
    { env: {}, baseDir: "/" },
  );
}

/** Configuration lines without comments and indentation. */
function readLines(name: string): readonly string[] {
  const text = readFileSync(new URL(`../../deploy/nginx/${name}.conf`, import.meta.url), "utf8");
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

describe("nginx that keeps decisions", { skip: skipWithout("nginx") }, () => {
  let sidecar: RunningServer;
  let echo: EchoServer;
  let nginx: RunningNginx;
  before(async () => {
    const logger = { info() {}, warn() {}, error() {} };
    echo = await startEcho();
    sidecar = await startServer(describeSidecar("methods: [GET, POST]"), {
      logger,
      onDecision: () => {
        judged += 1;
      },
    });
    nginx = await startNginx({
      decision: sidecar.addresses.decision ?? "",
      application: echo.address,
      configuration: "cached-decisions",
    });
  });
  after(async () => {
    await nginx.close();
    await sidecar.close();
    await echo.close();
  });

  async function send(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<number> {
    const { status } = await sendRequest({
      url: nginx.url,
      target: path,
      method,
      headers: Object.entries(headers),
    });
    return status;
  }

  /** How many of these requests were judged. */
  async function countJudged(requests: () => Promise<void>): Promise<number> {
    const earlier = judged;
    await requests();
    return judged - earlier;
  }

  it("is the plain configuration and a cache, and nothing else", () => {
    const plain = readLines("countersign");
    const own = readLines("cached-decisions").filter((line) => !plain.includes(line));
    assert.deepEqual(
      own.map((line) => line.split(" ")[0]),
      [
        "proxy_cache_path",
        "use_temp_path=off;",
        "proxy_cache",
        "proxy_cache_key",
        "proxy_cache_bypass",
        "proxy_no_cache",
      ],
    );
    const cached = new Set(readLines("cached-decisions"));
    assert.deepEqual(
      plain.filter((line) => !cached.has(line)),
      [],
    );
  });

  it("asks once for the same token, method, host and target, and hands the identity on each time", async () => {
    const token = await issuer.sign({ sub: "zoë" });
    const asked = await countJudged(async () => {
      for (let sent = 0; sent < 10; sent += 1) {
        const answer = await sendRequest({
          url: nginx.url,
          token,
          headers: [["X-Auth-Subject", "root"]],
        });
        // A forged identity is judged, and the decision about it not kept.
        assert.equal(answer.status, 200);
        assert.deepEqual(listSeen(answer.echo, "x-auth-subject"), ["zo%C3%AB"]);
      }
    });
    assert.equal(asked, 10);
    const again = await countJudged(async () => {
      for (let sent = 0; sent < 10; sent += 1) {
        const answer = await sendRequest({ url: nginx.url, target: "/orders/2", token });
        assert.equal(answer.status, 200);
        assert.deepEqual(listSeen(answer.echo, "x-auth-subject"), ["zo%C3%AB"]);
        assert.deepEqual(listSeen(answer.echo, "authorization"), []);
      }
    });
    assert.ok(again >= 1 && again < 10, `${again} of 10 were judged`);
  });

  it("asks anew for another token, method, target or description, and for every refusal", async () => {
    const first = `Bearer ${await issuer.sign({ jti: "1" })}`;
    const second = `Bearer ${await issuer.sign({ jti: "2" })}`;
    const asked = await countJudged(async () => {
      assert.equal(await send("/orders/3", { Authorization: first }), 200);
      assert.equal(await send("/orders/3", { Authorization: second }), 200);
      assert.equal(await send("/orders/3", { Authorization: first }, "POST"), 200);
      assert.equal(await send("/orders/3?a", { Authorization: first }), 200);
      assert.equal(
        await send("/orders/3", { Authorization: first, "X-HTTP-Method-Override": "DELETE" }),
        401,
      );
      assert.equal(await send("/orders/3"), 401);
      assert.equal(await send("/orders/3"), 401);
      assert.equal(await send("/orders/3", { Authorization: await issuer.tokens.expired() }), 401);
    });
    assert.equal(asked, 8);
  });

  it("lets nobody in as somebody else, whose request looks alike", async () => {
    const good = `Bearer ${await issuer.sign({ jti: "3" })}`;
    assert.equal(await send("/open/x", { Authorization: good }), 200);
    for (const [path, Authorization] of [
      ["/orders/4", "Bearer"],
      [`/orders/4%20${encodeURIComponent(good)}`, ""],
      ["/orders/4", `${good} `.repeat(2)],
    ] as const) {
      assert.equal(await send(path, { Authorization }), 401, path);
    }
  });

  it("learns of a new rule after the configured age, and not later", async () => {
    const Authorization = `Bearer ${await issuer.sign({ jti: "4" })}`;
    assert.equal(await send("/orders/5", { Authorization }), 200);
    const { result } = await sidecar.reload(() => describeSidecar("scopes: [nobody]"));
    assert.equal(result, "applied");
    assert.equal(
      await send("/orders/6", { Authorization }),
      403,
      "another target is judged by the new rules",
    );
    await delay(MAX_AGE_SECONDS * 1000 + 1000);
    assert.equal(await send("/orders/5", { Authorization }), 403);
  });
});
