/** Whatever comes as a request: an answer, never a crash, and never a yes without a good token. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, it } from "node:test";

import { createTestIssuer } from "countersign/testing";
import fc from "fast-check";
import { sendRaw } from "../kit/raw-request.ts";
import { startSidecar } from "../kit/start-sidecar.ts";
import { startUpstream } from "../kit/start-upstream.ts";

const CORPUS = new URL("./corpus/requests.json", import.meta.url);
const TIME_LIMIT_MS = 4000;
const MAX_GROWTH_BYTES = 200 * 1024 * 1024;

const issuer = await createTestIssuer();
const upstream = await startUpstream();
const sidecar = await startSidecar({
  issuers: [issuer.validatorOptions()],
  rest: `upstream: ${upstream.url}\nroutes: [{ path: /**, allow: authenticated }]\nproxy: { clientHeadersTimeoutMs: 1000 }`,
});
after(async () => {
  await sidecar.close();
  await upstream.close();
});
const almost = [
  await issuer.tokens.expired(),
  await issuer.tokens.wrongAudience(),
  await issuer.tokens.wrongIssuer(),
  (await issuer.sign()).slice(0, -3),
];

/** Statuses of all answers to these octets, through the door that they are sent to. */
async function ask(door: "decision" | "proxy", text: string): Promise<readonly number[]> {
  const answer = await sendRaw(sidecar[door], text);
  return [...answer.text.matchAll(/(?:^|\r\n\r\n[^\r]*)HTTP\/1\.1 (\d{3})/g)].map(([, status]) =>
    Number(status),
  );
}

async function check(door: "decision" | "proxy", text: string): Promise<void> {
  const statuses = await ask(door, text);
  for (const status of statuses) assert.ok(status >= 400 && status < 600 && status !== 500, `${status}`);
  assert.equal(upstream.seen.length, 0);
  assert.ok(sidecar.log.every(({ level }) => level !== "error"));
}

const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const noise = fc.string({ unit: octet, maxLength: 40 });
const path = fc.oneof(
  fc.constantFrom("/", "/authz", "/authz/nginx", "/authz/traefik", "/authz/caddy", "/authz/envoy/x", "/x"),
  fc.constantFrom(
    "/a/../b",
    "//a",
    "/%2e%2e/a",
    "/a%2fb",
    "/a;b",
    "/a\\b",
    "/a?b=c#d",
    "*",
    "http://a/b",
    "/%00",
  ),
  noise.map((text) => `/${text}`),
);
const header = fc.tuple(
  fc.oneof(
    fc.constantFrom(
      ...["Authorization", "authorization", "DPoP", "Connection", "X-Auth-Subject", "X_Auth_Roles"],
      ...[
        "X-Forwarded-Method",
        "X-Forwarded-Uri",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-For",
      ],
      ...["X-Original-Method", "X-Original-URI", "X-Original-Host", "X-Original-Proto", "Forwarded", "Host"],
      ...[
        "Content-Length",
        "Transfer-Encoding",
        "Upgrade",
        "Sec-WebSocket-Key",
        "Expect",
        "Origin",
        "Cookie",
      ],
    ),
    noise,
  ),
  fc.oneof(
    fc.constantFrom(
      "GET",
      "OPTIONS",
      "/",
      "/x",
      "api.test",
      "https",
      "chunked",
      "websocket",
      "100-continue",
      "0",
      "5",
    ),
    fc.constantFrom(
      "Bearer",
      "Bearer ",
      "Bearer a.b.c",
      "Basic eA==",
      "bearer  x, Bearer y",
      "X-Auth-Subject",
    ),
    fc.constantFrom(...almost).map((token) => `Bearer ${token}`),
    noise,
  ),
);
const message = fc
  .record({
    method: fc.oneof(fc.constantFrom("GET", "POST", "OPTIONS", "HEAD", "PRI", "get"), noise),
    path,
    version: fc.constantFrom("HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", ""),
    headers: fc.array(header, { maxLength: 10 }),
    body: noise,
  })
  .map(({ method, path: target, version, headers, body }) => {
    const lines = headers.map(([name, value]) => `${name}: ${value}`);
    return [`${method} ${target} ${version}`, "Host: api.test", ...lines, "Connection: close", "", body].join(
      "\r\n",
    );
  });

describe("the request side under fuzz", () => {
  it("refuses every saved request", async () => {
    const texts = Object.values(JSON.parse(readFileSync(CORPUS, "utf8")) as Record<string, string>);
    assert.ok(texts.length > 0);
    for (const text of texts) {
      await check("proxy", text);
      await check("decision", text);
    }
  });

  it("refuses every other one, and stays small", async () => {
    const before = process.memoryUsage.rss();
    await fc.assert(fc.asyncProperty(fc.constantFrom("proxy", "decision"), message, check), {
      numRuns: 100_000,
      interruptAfterTimeLimit: TIME_LIMIT_MS,
    });
    assert.ok(process.memoryUsage.rss() - before < MAX_GROWTH_BYTES);
  });

  it("can be passed: a good token gets through, so that the refusals above mean something", async () => {
    const token = await issuer.sign();
    const text = `GET /x HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`;
    assert.deepEqual(await ask("proxy", text), [200]);
  });
});
