import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { after, describe, it } from "node:test";

import type { Validator } from "countersign";
import { createTestIssuer } from "countersign/testing";
import { parseConfiguration } from "../src/config/parse-configuration.ts";
import { startServer } from "../src/serve.ts";
import { sendRaw, writeRequest } from "./kit/raw-request.ts";
import { startSidecar } from "./kit/start-sidecar.ts";
import { startUpstream } from "./kit/start-upstream.ts";

const ROUTES = "routes: [{ path: /public/**, allow: anonymous }, { path: /**, allow: authenticated }]";
const NO_PROXY = 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"';
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function get(address: string, path: string): Promise<{ status: number; body: string }> {
  const { status, body } = await sendRaw(address, writeRequest(`GET ${path}`, ["Host: admin"]));
  return { status, body };
}

async function waitFor(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail("the condition was not met within 5 s");
}

describe("readiness", () => {
  it("is 503 until the keys of every issuer are there, while live is 200", async () => {
    const idp = await createTestIssuer({ serve: true });
    const local = await createTestIssuer({ issuer: "https://local.test/" });
    idp.server?.faults.set("*", { status: 500 });
    const remote = { ...idp.validatorOptions(), name: "remote" };
    const sidecar = await startSidecar({
      issuers: [remote, { ...local.validatorOptions(), name: "local" }],
      rest: ROUTES,
      listeners: NO_PROXY,
    });
    try {
      await waitFor(() => sidecar.log.some(({ message }) => message === "keys are not there yet"));
      assert.equal((await get(sidecar.addresses.admin, "/healthz/live")).status, 200);
      const before = await get(sidecar.addresses.admin, "/healthz/ready");
      assert.equal(before.status, 503);
      assert.deepEqual(JSON.parse(before.body), {
        status: "unready",
        issuers: [
          { issuer: "remote", ready: false },
          { issuer: "local", ready: true },
        ],
      });
      idp.server?.faults.clear();
      await waitFor(async () => (await get(sidecar.addresses.admin, "/healthz/ready")).status === 200);
      const metrics = (await get(sidecar.addresses.admin, "/metrics")).body;
      assert.match(metrics, /countersign_jwks_fetches_total\{issuer="remote",result="success"\} 1\n/);
      assert.match(metrics, /countersign_jwks_fetches_total\{issuer="remote",result="http_5xx"\} [1-9]/);
    } finally {
      await sidecar.close();
      await idp.close();
    }
  });

  it("ends when the copy of the keys may no longer be used, and decisions are 503 then", async () => {
    let skewMs = 0;
    const clock = (): number => Date.now() + skewMs;
    const idp = await createTestIssuer({ serve: true, clock });
    const options = idp.validatorOptions();
    const keys = { ...options.keys, maxStaleSeconds: 60, maxRefreshSeconds: 60 };
    const sidecar = await startSidecar(
      { issuers: [{ ...options, keys }], rest: ROUTES, listeners: NO_PROXY },
      { clock },
    );
    try {
      await waitFor(async () => (await get(sidecar.addresses.admin, "/healthz/ready")).status === 200);
      await idp.server?.pause();
      skewMs = 3_600_000;
      await waitFor(async () => (await get(sidecar.addresses.admin, "/healthz/ready")).status === 503);
      const lines = ["Method: GET", "Uri: /x", "Host: a", "Proto: http"].map((line) => `X-Forwarded-${line}`);
      const token = `Authorization: Bearer ${await idp.sign()}`;
      const answer = await sendRaw(
        sidecar.decision,
        writeRequest("GET /authz", ["Host: s", token, ...lines]),
      );
      assert.equal(answer.status, 503);
    } finally {
      await sidecar.close();
      await idp.close();
    }
  });
});

describe("the admin listener", () => {
  it("answers only its own paths, and only to reads", async () => {
    const issuer = await createTestIssuer();
    const sidecar = await startSidecar({
      issuers: [issuer.validatorOptions()],
      rest: ROUTES,
      listeners: NO_PROXY,
    });
    try {
      const { admin } = sidecar.addresses;
      assert.equal((await get(admin, "/authz")).status, 404);
      assert.equal((await get(admin, "/healthz")).status, 404);
      assert.equal(
        (await sendRaw(admin, writeRequest("POST /metrics", ["Host: a", "Content-Length: 0"]))).status,
        405,
      );
      assert.equal((await get(admin, "/metrics")).status, 200);
    } finally {
      await sidecar.close();
    }
  });

  it("counts the decisions of every door by issuer, reason and fault", async () => {
    const issuer = await createTestIssuer();
    const upstream = await startUpstream();
    const sidecar = await startSidecar({
      issuers: [{ ...issuer.validatorOptions(), name: "main" }],
      rest: `${ROUTES}\nupstream: ${upstream.url}`,
    });
    try {
      const send = (token: string): ReturnType<typeof sendRaw> =>
        sendRaw(sidecar.proxy, writeRequest("GET /x", ["Host: a", `Authorization: Bearer ${token}`]));
      await send(await issuer.sign());
      await send(await issuer.tokens.expired());
      await send(await issuer.tokens.wrongIssuer());
      await sendRaw(sidecar.proxy, writeRequest("GET /public/x", ["Host: a"]));
      await sendRaw(sidecar.proxy, writeRequest("GET /x", ["Host: a"]));
      const lines = (await get(sidecar.addresses.admin, "/metrics")).body.split(/\r?\n/);
      for (const line of [
        'countersign_validations_total{issuer="main",reason="ok",fault="none"} 1',
        'countersign_validations_total{issuer="main",reason="token_expired",fault="client"} 1',
        'countersign_validations_total{issuer="_untrusted",reason="issuer_untrusted",fault="client"} 1',
        'countersign_validations_total{issuer="_untrusted",reason="missing_token",fault="client"} 1',
        'countersign_decisions_total{door="proxy",outcome="anonymous"} 1',
        'countersign_decisions_total{door="proxy",outcome="refused"} 3',
        'countersign_validation_duration_seconds_count{path="cold"} 3',
      ]) {
        assert.ok(lines.includes(line), line);
      }
    } finally {
      await sidecar.close();
      await upstream.close();
    }
  });
});

describe("startServer", () => {
  it("leaves nothing running where an address is taken", async () => {
    const issuer = await createTestIssuer();
    const taken = createServer();
    taken.listen(0, "127.0.0.1");
    await once(taken, "listening");
    after(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    const text = `listeners: { decision: "127.0.0.1:0", admin: "127.0.0.1:${port}" }\nissuers: ${JSON.stringify([issuer.validatorOptions()])}\n${ROUTES}`;
    const configuration = parseConfiguration(text, { env: {}, baseDir: "/" });
    await assert.rejects(
      startServer(configuration, { logger: SILENT }),
      /cannot listen on 127\.0\.0\.1:\d+ \(EADDRINUSE\)/,
    );
  });

  it("goes on where a decision listener throws", async () => {
    const issuer = await createTestIssuer();
    const upstream = await startUpstream();
    const sidecar = await startSidecar(
      { issuers: [issuer.validatorOptions()], rest: `${ROUTES}\nupstream: ${upstream.url}` },
      {
        onDecision: () => {
          throw new Error("a listener's defect");
        },
      },
    );
    try {
      assert.equal((await sendRaw(sidecar.proxy, writeRequest("GET /public/x", ["Host: a"]))).status, 200);
      assert.equal(sidecar.log.filter(({ level }) => level === "error").length, 1);
    } finally {
      await sidecar.close();
      await upstream.close();
    }
  });

  it("uses a validator that is given, and leaves it open", async () => {
    const issuer = await createTestIssuer();
    let closed = false;
    const validator = {
      validate: () => Promise.reject(new Error("defect")),
      ready: () => Promise.resolve(),
      close: () => {
        closed = true;
        return Promise.resolve();
      },
    };
    const upstream = await startUpstream();
    const sidecar = await startSidecar(
      { issuers: [issuer.validatorOptions()], rest: `${ROUTES}\nupstream: ${upstream.url}` },
      {
        validator: validator as unknown as Validator,
      },
    );
    const token = await issuer.sign();
    const answer = await sendRaw(
      sidecar.proxy,
      writeRequest("GET /x", ["Host: a", `Authorization: Bearer ${token}`]),
    );
    assert.equal(answer.status, 503);
    assert.match(answer.text, /retry-after: \d+/i);
    assert.equal(upstream.seen.length, 0);
    await sidecar.close();
    assert.equal(closed, false);
    await upstream.close();
  });
});

describe("close", () => {
  it("lets a request in flight finish, refuses new connections, and may be called twice", async () => {
    const issuer = await createTestIssuer();
    let finish: (() => void) | undefined;
    const upstream = await startUpstream((_request, response) => {
      finish = () => response.end("late");
    });
    const sidecar = await startSidecar({
      issuers: [issuer.validatorOptions()],
      rest: `${ROUTES}\nupstream: ${upstream.url}`,
    });
    const answer = sendRaw(sidecar.proxy, ["GET /public/x HTTP/1.1", "Host: a", "", ""].join("\r\n"));
    await waitFor(() => finish !== undefined);
    const closing = sidecar.close();
    assert.equal(sidecar.close(), closing);
    const colon = sidecar.proxy.lastIndexOf(":");
    const late = connect({
      host: sidecar.proxy.slice(0, colon),
      port: Number(sidecar.proxy.slice(colon + 1)),
    });
    const [error] = (await once(late, "error")) as [NodeJS.ErrnoException];
    assert.equal(error.code, "ECONNREFUSED");
    finish?.();
    const { status, body } = await answer;
    assert.deepEqual([status, body.includes("late")], [200, true]);
    await closing;
    await upstream.close();
  });

  it("cuts what does not finish in time", async () => {
    const issuer = await createTestIssuer();
    const upstream = await startUpstream(() => undefined);
    const sidecar = await startSidecar({
      issuers: [issuer.validatorOptions()],
      rest: `${ROUTES}\nupstream: ${upstream.url}\nshutdown: { drainTimeoutMs: 50 }`,
    });
    const answer = sendRaw(sidecar.proxy, writeRequest("GET /public/x", ["Host: a"]));
    await waitFor(() => upstream.seen.length === 1);
    await sidecar.close();
    assert.equal((await answer).status, 0);
    await upstream.close();
  });
});
