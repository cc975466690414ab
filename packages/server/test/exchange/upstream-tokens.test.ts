/** Exchanged tokens through the proxy and every dialect: what the upstream gets, and what it never gets. */

import assert from "node:assert/strict";
import { after, beforeEach, describe, it } from "node:test";
import { createTestIssuer } from "countersign/testing";

import { CHECK, createCaller } from "../kit/grpc-client.ts";
import { decodeWire, encodeCheck, listMessages, textOf } from "../kit/protobuf.ts";
import { headerOf, type RawAnswer, sendRaw, writeRequest } from "../kit/raw-request.ts";
import { sendJson, startIntrospectionServer } from "../kit/start-introspection-server.ts";
import { type Sidecar, startSidecar } from "../kit/start-sidecar.ts";
import { startUpstream } from "../kit/start-upstream.ts";
import { answerToken, TXN_TOKEN } from "./describe-exchange.ts";

const issuer = await createTestIssuer();
const other = await createTestIssuer({ issuer: "https://other.test/" });
const issuers = [
  { ...issuer.validatorOptions(), name: "main" },
  { ...other.validatorOptions(), name: "other" },
];
const endpoint = await startIntrospectionServer();
const upstream = await startUpstream();

const CLIENT = `tokenEndpoint: "${endpoint.endpoint}", clientId: countersign, clientSecret: s3cret, insecureLoopbackHttp: true, issuers: [main]`;
const REST = `
routes:
  - { path: /**, allow: authenticated }
  - { path: /orders/**, allow: optional, exchange: orders }
  - { path: /pay/**, allow: authenticated, exchange: pay, scopes: [pay] }
  - { path: /reports/**, allow: authenticated, upstream: reports }
  - { path: /public, allow: anonymous }
exchanges:
  orders: { ${CLIENT}, audiences: ["https://orders.test"] }
  reports: { ${CLIENT}, audiences: ["https://reports.test"] }
  pay: { ${CLIENT}, audiences: ["https://trust.test"], scopes: [pay], requestedTokenType: txn_token }
upstream: ${upstream.url}
upstreams: { reports: { url: "${upstream.url}", exchange: reports } }
nginx: { decisionMaxAgeSeconds: 5 }
`;
const listeners =
  'decision: "127.0.0.1:0", extAuthz: "127.0.0.1:0", admin: "127.0.0.1:0", proxy: "127.0.0.1:0"';
const sidecar = await startSidecar({ issuers, rest: REST, listeners });
const forwarding = await startSidecar({
  issuers,
  rest: `${REST}\nproxy: { forwardToken: true }\n`,
  listeners,
});
after(async () => {
  await Promise.all([sidecar.close(), forwarding.close()]);
  await Promise.all([endpoint.close(), upstream.close()]);
});
beforeEach(() => {
  upstream.seen.length = 0;
  endpoint.seen.length = 0;
  // Tells whose token was shown for whom, so that a mix-up shows.
  endpoint.answerWith(({ form, response }) => {
    const text = form.get("subject_token") ?? "";
    const { sub = "" } = JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString()) as {
      sub?: string;
    };
    const isTxn = form.get("requested_token_type") === TXN_TOKEN;
    const kind = isTxn ? { issued_token_type: TXN_TOKEN, token_type: "N_A" } : {};
    sendJson(response, answerToken(`${sub}.${new URL(form.get("audience") ?? "").hostname}`, kind));
  });
});

function send(path: string, lines: readonly string[], to: Sidecar = sidecar): Promise<RawAnswer> {
  return sendRaw(to.proxy, writeRequest(`GET ${path}`, ["Host: api.test", ...lines]));
}

function bearer(token: string): string {
  return `Authorization: Bearer ${token}`;
}

const describeRequest = (prefix: string, path: string): readonly string[] => [
  "Host: sidecar",
  `${prefix}-Method: GET`,
  `${prefix}-Uri: ${path}`,
  `${prefix}-Host: api.test`,
  `${prefix}-Proto: https`,
];

/** What a gateway would set or blank, by the dialect's name. */
const DIALECTS: Readonly<Record<string, (path: string, line: string) => Promise<RawAnswer>>> = {
  generic: (path, line) => askDecision("GET /authz", [...describeRequest("X-Forwarded", path), line]),
  traefik: (path, line) => askDecision("GET /authz/traefik", [...describeRequest("X-Forwarded", path), line]),
  caddy: (path, line) => askDecision("GET /authz/caddy", [...describeRequest("X-Forwarded", path), line]),
  nginx: (path, line) => askDecision("GET /authz/nginx", [...describeRequest("X-Original", path), line]),
  "envoy-http": (path, line) =>
    askDecision(`GET /authz/envoy${path}`, ["Host: api.test", "X-Forwarded-Proto: https", line]),
};

function askDecision(start: string, lines: readonly string[]): Promise<RawAnswer> {
  return sendRaw(sidecar.decision, writeRequest(start, lines));
}

describe("an exchanged token", () => {
  it("is what the upstream gets in place of the client's, by route or by upstream", async () => {
    const token = await issuer.sign({ sub: "ada" });
    for (const [path, expected] of [
      ["/orders/1", "Bearer ada.orders.test"],
      ["/reports/1", "Bearer ada.reports.test"],
    ] as const) {
      assert.equal((await send(path, [bearer(token), "DPoP: proof"])).status, 200);
      assert.deepEqual(upstream.valuesOf("authorization"), [expected]);
      assert.deepEqual(upstream.valuesOf("dpop"), []);
      assert.deepEqual(upstream.valuesOf("x-auth-subject"), ["ada"]);
    }
    await send("/x", [bearer(token)]);
    assert.deepEqual(upstream.valuesOf("authorization"), []);
  });

  it("stands alone even where the client's token is forwarded elsewhere", async () => {
    const token = await issuer.sign({ sub: "ada" });
    await send("/orders/1", [bearer(token)], forwarding);
    assert.deepEqual(upstream.valuesOf("authorization"), ["Bearer ada.orders.test"]);
    await send("/x", [bearer(token)], forwarding);
    assert.deepEqual(upstream.valuesOf("authorization"), [`Bearer ${token}`]);
  });

  it("for a transaction has its own header, in which nothing of the client's is left", async () => {
    const token = await issuer.sign({ sub: "ada", scope: "pay" });
    const forged = "Txn-Token: forged";
    await send("/pay/1", [bearer(token), forged]);
    assert.deepEqual(upstream.valuesOf("txn-token"), ["ada.trust.test"]);
    assert.deepEqual(upstream.valuesOf("authorization"), []);
    await send("/x", [bearer(token), forged]);
    assert.deepEqual(upstream.valuesOf("txn-token"), []);
    await send("/pay/1", [bearer(token), forged], forwarding);
    assert.deepEqual(upstream.valuesOf("txn-token"), ["ada.trust.test"]);
    assert.deepEqual(upstream.valuesOf("authorization"), []);
  });

  it("never is another principal's, nor one for another upstream", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `user${index}`);
    const tokens = await Promise.all(names.map((sub) => issuer.sign({ sub })));
    for (const host of ["orders", "reports", "orders"]) {
      await Promise.all(tokens.map((token) => send(`/${host}/1`, [bearer(token)])));
      const got = upstream.seen.map(({ rawHeaders }) => {
        const headerValue = (name: string): string =>
          rawHeaders[rawHeaders.findIndex((each, at) => at % 2 === 0 && each.toLowerCase() === name) + 1] ??
          "";
        return [headerValue("x-auth-subject"), headerValue("authorization")] as const;
      });
      for (const [sub, authorization] of got) assert.equal(authorization, `Bearer ${sub}.${host}.test`);
      assert.equal(got.length, names.length);
      upstream.seen.length = 0;
    }
    assert.equal(endpoint.seen.length, 2 * names.length);
  });

  it("is for nobody where no token came", async () => {
    assert.equal((await send("/orders/1", [])).status, 200);
    assert.deepEqual(upstream.valuesOf("authorization"), []);
    assert.equal(endpoint.seen.length, 0);
  });

  for (const [name, ask] of Object.entries(DIALECTS)) {
    it(`is told to ${name}, and blanked where there is none`, async () => {
      const token = await issuer.sign({ sub: "ada" });
      const answer = await ask("/orders/1", bearer(token));
      assert.equal(answer.status, 200);
      assert.deepEqual(headerOf(answer, "authorization"), ["Bearer ada.orders.test"]);
      assert.deepEqual(headerOf(answer, "cache-control"), ["no-store"]);
      const without = await ask("/x", bearer(token));
      if (name === "envoy-http") {
        const removed = headerOf(without, "x-envoy-auth-headers-to-remove").join().split(", ");
        assert.deepEqual(headerOf(without, "authorization"), []);
        assert.equal(removed.includes("authorization") && removed.includes("txn-token"), true);
        const kept = headerOf(answer, "x-envoy-auth-headers-to-remove").join().split(", ");
        assert.equal(kept.includes("authorization"), false);
      } else {
        assert.deepEqual(headerOf(without, "authorization"), [""]);
        assert.deepEqual(headerOf(without, "txn-token"), [""]);
      }
    });
  }

  it("is told to Envoy over gRPC, and taken away where there is none", async () => {
    const caller = createCaller(sidecar.addresses.extAuthz ?? "");
    try {
      const token = await issuer.sign({ sub: "ada" });
      const check = async (path: string): Promise<{ set: string[]; removed: string[] }> => {
        const headers = [["authorization", `Bearer ${token}`]] as const;
        const asked = encodeCheck({ method: "GET", path, host: "api.test", scheme: "https", headers });
        const ok = listMessages(decodeWire(await caller.call(CHECK, asked)), 3)[0];
        if (ok === undefined) throw new assert.AssertionError({ message: `${path} was refused` });
        const set = listMessages(ok, 2, 1).map((header) => `${textOf(header, 1)}: ${textOf(header, 2)}`);
        const removed = (ok.get(5) ?? []).map((value) => Buffer.from(value as Uint8Array).toString());
        return { set, removed };
      };
      const exchanged = await check("/orders/1");
      assert.equal(exchanged.set.includes("authorization: Bearer ada.orders.test"), true);
      assert.equal(exchanged.removed.includes("authorization"), false);
      const plain = await check("/x");
      assert.equal(
        plain.set.some((line) => line.startsWith("authorization")),
        false,
      );
      assert.equal(plain.removed.includes("authorization"), true);
    } finally {
      caller.close();
    }
  });
});

describe("where there is no token to be had", () => {
  const CASES: readonly (readonly [what: string, reply: object, status: number, reason: string])[] = [
    ["the grant is over", { error: "invalid_grant" }, 401, "token_inactive"],
    ["the token does not please", { error: "invalid_request" }, 403, "policy_denied"],
    ["the target does not please", { error: "invalid_target" }, 403, "policy_denied"],
    ["the scope does not please", { error: "invalid_scope" }, 403, "policy_denied"],
    ["the endpoint does not know us", { error: "invalid_client" }, 503, "policy_unavailable"],
    ["the endpoint knows no exchange", { error: "unsupported_grant_type" }, 503, "policy_unavailable"],
  ];
  for (const [what, reply, status, reason] of CASES) {
    it(`since ${what}, the answer is ${status} ${reason}, and the upstream sees nothing`, async () => {
      endpoint.answerWith(({ response }) => sendJson(response, reply, 400));
      const token = await issuer.sign({ sub: what });
      for (const to of [sidecar, forwarding]) {
        const answer = await send("/orders/1", [bearer(token)], to);
        assert.deepEqual([answer.status, to.events.at(-1)?.reason], [status, reason]);
        assert.equal(headerOf(answer, "retry-after").length, status === 503 ? 1 : 0);
        assert.doesNotMatch(answer.text, new RegExp(token.slice(-20)));
      }
      assert.equal(upstream.seen.length, 0);
      const [ask] = Object.values(DIALECTS);
      assert.equal((await ask?.("/orders/1", bearer(token)))?.status, status);
    });
  }

  it("since the endpoint is away, the answer is 503, and never the client's own token", async () => {
    endpoint.answerWith(({ response }) => void response.destroy());
    const answer = await send("/orders/1", [bearer(await issuer.sign({ sub: "away" }))]);
    assert.deepEqual([answer.status, sidecar.events.at(-1)?.reason], [503, "policy_unavailable"]);
    assert.deepEqual(headerOf(answer, "retry-after"), ["1"]);
    assert.equal(upstream.seen.length, 0);
  });

  it("since its issuer's tokens are not shown there, it is refused and shown to nobody", async () => {
    const answer = await send("/orders/1", [bearer(await other.sign({ sub: "ada" }))]);
    assert.deepEqual([answer.status, sidecar.events.at(-1)?.reason], [403, "policy_denied"]);
    assert.equal(endpoint.seen.length, 0);
    assert.equal(upstream.seen.length, 0);
  });

  it("no token that is not good, or not enough, is shown at all", async () => {
    const bad = [await issuer.tokens.expired(), await issuer.tokens.wrongAudience(), "opaque"];
    for (const token of bad) assert.equal((await send("/orders/1", [bearer(token)])).status, 401);
    assert.equal((await send("/pay/1", [bearer(await issuer.sign({ scope: "look" }))])).status, 403);
    assert.equal(endpoint.seen.length, 0);
  });
});

describe("metrics", () => {
  it("tell what came of exchanges, and what was remembered", async () => {
    const page = await (await fetch(`http://${sidecar.addresses.admin}/metrics`)).text();
    assert.match(page, /^countersign_exchanges_total\{exchange="orders",result="exchanged"\} [1-9]/m);
    assert.match(page, /^countersign_exchanges_total\{exchange="orders",result="refused"\} [1-9]/m);
    assert.match(page, /^countersign_exchanges_total\{exchange="reports",result="timeout"\} 0$/m);
    assert.match(page, /^countersign_exchange_duration_seconds_count\{exchange="pay"\} [1-9]/m);
    assert.match(page, /^countersign_cache_requests_total\{cache="exchange",result="hit"\} [1-9]/m);
  });
});
