import assert from "node:assert/strict";
import { after, beforeEach, describe, it, mock } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import type { IntrospectionConfiguration } from "../../src/config/introspection-configuration.ts";
import {
  createIntrospector,
  type IntrospectionOutcome,
  type Introspector,
} from "../../src/introspection/create-introspector.ts";
import { MAX_ANSWER_BYTES } from "../../src/oauth-client/fetch-bounded.ts";
import { BREAKER_PAUSE_MS } from "../../src/oauth-client/guard-endpoint.ts";
import { sendJson, startIntrospectionServer } from "../kit/start-introspection-server.ts";
import { describeIssuer } from "./describe-issuer.ts";

const NOW_MS = 1_700_000_000_000;
const server = await startIntrospectionServer();
let nowMs = NOW_MS;
let told: string[] = [];
let logged: string[] = [];
let clocks: (readonly [issuer: string, seconds: number])[] = [];
const opened: Introspector[] = [];
after(async () => {
  await Promise.all(opened.map((introspector) => introspector.close()));
  await server.close();
});
beforeEach(() => {
  nowMs = NOW_MS;
  told = [];
  logged = [];
  clocks = [];
  server.seen.length = 0;
  server.answerWith({ active: true, sub: "ada" });
});

function open(changes: Partial<IntrospectionConfiguration> = {}, endpoint = server.endpoint): Introspector {
  const log = (_fields: object, message: string): void => void logged.push(message);
  const introspector = createIntrospector(describeIssuer(endpoint, changes), {
    clock: () => nowMs,
    logger: { info: log, warn: log, error: log },
    onAsked: ({ result }) => void told.push(result),
    onRecalled: (result) => void told.push(result),
    onClock: (issuer, seconds) => void clocks.push([issuer, seconds]),
  });
  opened.push(introspector);
  return introspector;
}

function nameOutcome(outcome: IntrospectionOutcome): string {
  return outcome.kind === "unavailable" ? outcome.fault : outcome.kind;
}

describe("a question about a token", () => {
  it("tells how far the issuer's clock is ahead of ours", async () => {
    await open().introspect("the-token");
    const [[issuer, seconds] = assert.fail()] = clocks;
    assert.equal(issuer, opened[0]?.asked.alias);
    // Ours stands still, long ago.
    assert.ok(seconds > (Date.now() - NOW_MS) / 1000 - 60 && seconds < (Date.now() - NOW_MS) / 1000 + 60);
  });

  it("is a form with our credentials, and never in the URL", async () => {
    const outcome = await open().introspect("the-token");
    assert.deepEqual(outcome, { kind: "active", claims: { sub: "ada" } });
    const [question] = server.seen;
    assert.equal(question?.method, "POST");
    assert.equal(question?.form.get("token"), "the-token");
    assert.equal(question?.form.get("token_type_hint"), "access_token");
    assert.equal(question?.headers["accept"], "application/json");
    assert.equal(question?.headers["authorization"], `Basic ${btoa("countersign:s3cret")}`);
  });

  it("is asked once, however many ask at the same time", async () => {
    const introspector = open();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => introspector.introspect("same")));
    assert.equal(server.seen.length, 1);
    assert.ok(outcomes.every((outcome) => outcome.kind === "active"));
  });

  it("goes over connections that are kept", async () => {
    const introspector = open({ cacheSeconds: 0 });
    const before = server.connections();
    for (let asked = 0; asked < 8; asked += 1) await introspector.introspect(`t${asked}`);
    // The second one, where the first was not free again at once.
    assert.ok(server.connections() - before <= 2);
  });
});

describe("an answer", () => {
  it("that says active is believed for as long as configured", async () => {
    const introspector = open({ cacheSeconds: 10 });
    await introspector.introspect("t");
    nowMs += 9_999;
    await introspector.introspect("t");
    assert.equal(server.seen.length, 1);
    nowMs += 2;
    await introspector.introspect("t");
    assert.equal(server.seen.length, 2);
    assert.deepEqual(told, ["miss", "active", "hit", "miss", "active"]);
  });

  it("that says active is not believed beyond the token's end", async () => {
    server.answerWith({ active: true, exp: NOW_MS / 1000 + 3 });
    const introspector = open({ cacheSeconds: 300 });
    await introspector.introspect("t");
    nowMs += 3_001;
    await introspector.introspect("t");
    assert.equal(server.seen.length, 2);
  });

  it("with an end that has passed, or that is no number, is not remembered", async () => {
    for (const exp of [NOW_MS / 1000 - 1, NOW_MS / 1000, "2000000000", null]) {
      server.seen.length = 0;
      server.answerWith({ active: true, exp });
      const introspector = open();
      await introspector.introspect("t");
      await introspector.introspect("t");
      assert.equal(server.seen.length, 2, String(exp));
    }
  });

  it("that says inactive is believed for seconds", async () => {
    server.answerWith({ active: false, sub: "leaked" });
    const introspector = open({ cacheSeconds: 300 });
    assert.deepEqual(await introspector.introspect("t"), { kind: "inactive" });
    server.answerWith({ active: true });
    nowMs += 4_999;
    assert.equal((await introspector.introspect("t")).kind, "inactive");
    nowMs += 2;
    assert.equal((await introspector.introspect("t")).kind, "active");
  });

  it("is active only where it says true", async () => {
    for (const active of ["true", 1, "1", null, {}, [], "active", 0, "false"]) {
      server.answerWith({ active, sub: "ada" });
      assert.deepEqual(await open().introspect("t"), { kind: "inactive" }, JSON.stringify(active));
    }
  });

  it("is remembered under its token, issuer, endpoint, client and audience alone", async () => {
    const variants: readonly Parameters<typeof describeIssuer>[1][] = [
      {},
      { issuer: "https://other.test/" },
      { audiences: ["https://other.test"] },
      { clientId: "other" },
    ];
    const { createAnswerCache } = await import("../../src/introspection/answer-cache.ts");
    const cacheFor = (endpoint: string, changes: Parameters<typeof describeIssuer>[1]) =>
      createAnswerCache(describeIssuer(endpoint, changes), () => nowMs);
    const caches = [
      ...variants.map((changes) => cacheFor(server.endpoint, changes)),
      cacheFor("http://127.0.0.1:1/introspect", {}),
    ];
    const keys = new Set(caches.flatMap((cache) => [cache.nameKey("a"), cache.nameKey("b")]));
    assert.equal(keys.size, caches.length * 2);
    for (const key of keys) assert.match(key, /^[\w-]{43}$/);
  });

  it("about a good token is not pushed out by those about invented ones", async () => {
    const introspector = open({ maxCacheEntries: 3 });
    await introspector.introspect("good");
    server.answerWith({ active: false });
    for (let invented = 0; invented < 20; invented += 1) await introspector.introspect(`invented${invented}`);
    assert.equal((await introspector.introspect("good")).kind, "active");
    assert.equal(server.seen.length, 21);
  });

  it("is forgotten where there are more than may be remembered", async () => {
    const introspector = open({ maxCacheEntries: 2 });
    for (const token of ["a", "b", "c", "c", "b", "a"]) await introspector.introspect(token);
    assert.deepEqual(
      server.seen.map(({ form }) => form.get("token")),
      ["a", "b", "c", "a"],
    );
  });
});

describe("an endpoint that fails", () => {
  const cases: readonly (readonly [string, Parameters<typeof server.answerWith>[0], string])[] = [
    ["says 500", ({ response }) => void response.writeHead(500).end("oops"), "http_error"],
    ["says 503 with an answer", ({ response }) => sendJson(response, { active: true }, 503), "http_error"],
    ["says 201 with an answer", ({ response }) => sendJson(response, { active: true }, 201), "http_error"],
    ["says 204", ({ response }) => void response.writeHead(204).end(), "http_error"],
    ["says 400", ({ response }) => sendJson(response, { error: "invalid_request" }, 400), "http_error"],
    [
      "does not know us",
      ({ response }) => sendJson(response, { error: "invalid_client" }, 401),
      "auth_error",
    ],
    ["forbids us", ({ response }) => sendJson(response, {}, 403), "auth_error"],
    [
      "sends us elsewhere",
      ({ response }) => void response.writeHead(302, { Location: server.endpoint }).end(),
      "http_error",
    ],
    ["hangs up", ({ response }) => void response.destroy(), "network_error"],
    [
      "hangs up within the answer",
      ({ response }) => {
        response.writeHead(200, { "Content-Length": "100" }).write('{"active":true');
        response.destroy();
      },
      "network_error",
    ],
    ["says nothing", undefined, "timeout"],
    [
      "begins and says no more",
      ({ response }) => void response.writeHead(200).write('{"active":true'),
      "timeout",
    ],
    ["sends a page", ({ response }) => void response.end("<html>active: true</html>"), "bad_answer"],
    ["sends nothing", ({ response }) => void response.end(), "bad_answer"],
    ["sends a list", [{ active: true }], "bad_answer"],
    ["does not say whether it is active", { sub: "ada", ACTIVE: true }, "bad_answer"],
    ["sends octets", ({ response }) => void response.end(Buffer.from([0x7b, 0xff, 0x7d])), "bad_answer"],
    ["sends too much", { active: true, padding: "x".repeat(MAX_ANSWER_BYTES) }, "bad_answer"],
    [
      "sends what is too deep",
      ({ response }) => void response.end(`{"active":true,"a":${"[".repeat(40)}${"]".repeat(40)}}`),
      "bad_answer",
    ],
    [
      "sends a prototype",
      ({ response }) => void response.end('{"active":true,"__proto__":{"sub":"root"}}'),
      "bad_answer",
    ],
    [
      "signs, unasked",
      ({ response }) =>
        void response.writeHead(200, { "Content-Type": "application/token-introspection+jwt" }).end("a.b.c"),
      "bad_answer",
    ],
  ];
  for (const [what, reply, fault] of cases) {
    it(`gives no answer, and none is remembered, where it ${what}`, async () => {
      const introspector = open({ timeoutMs: 150 });
      server.answerWith(reply);
      assert.equal(nameOutcome(await introspector.introspect("t")), fault);
      server.answerWith({ active: true });
      assert.equal(nameOutcome(await introspector.introspect("t")), "active");
      assert.deepEqual(told, ["miss", fault, "miss", "active"]);
    });
  }

  it("gives no answer where nobody listens", async () => {
    const introspector = open({}, "http://127.0.0.1:9/introspect");
    assert.equal(nameOutcome(await introspector.introspect("t")), "network_error");
  });

  it("is left alone after a few failures, and asked again later, by one question first", async () => {
    mock.timers.enable({ apis: ["Date"], now: NOW_MS });
    try {
      const introspector = open({ cacheSeconds: 0 });
      server.answerWith(({ response }) => void response.writeHead(500).end());
      for (let asked = 0; asked < 8; asked += 1) await introspector.introspect(`t${asked}`);
      assert.equal(server.seen.length, 5);
      assert.equal(told.at(-1), "breaker_open");
      assert.equal(logged.length, 1);
      server.answerWith({ active: true });
      assert.equal(nameOutcome(await introspector.introspect("t")), "breaker_open");
      mock.timers.tick(BREAKER_PAUSE_MS);
      assert.equal(nameOutcome(await introspector.introspect("t")), "active");
      assert.equal(nameOutcome(await introspector.introspect("u")), "active");
      assert.match(logged.at(-1) ?? "", /works again/);
    } finally {
      mock.timers.reset();
    }
  });

  it("is not left alone for what clients send", async () => {
    const introspector = open();
    server.answerWith(({ response }) => sendJson(response, { error: "invalid_request" }, 400));
    for (let asked = 0; asked < 30; asked += 1) await introspector.introspect(`bad${asked}`);
    server.answerWith({ active: true });
    assert.equal(nameOutcome(await introspector.introspect("good")), "active");
  });
});

describe("questions", () => {
  it("are few at a time, some wait, and more are not asked", async () => {
    const introspector = open({ maxConcurrent: 2, maxQueued: 3 });
    let most = 0;
    let underWay = 0;
    server.answerWith(async ({ response }) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await delay(10);
      underWay -= 1;
      sendJson(response, { active: true });
    });
    const asked = Array.from({ length: 8 }, (_, index) => introspector.introspect(`t${index}`));
    const outcomes = (await Promise.all(asked)).map(nameOutcome);
    assert.deepEqual(outcomes.filter((outcome) => outcome === "active").length, 5);
    assert.deepEqual(outcomes.filter((outcome) => outcome === "overloaded").length, 3);
    assert.equal(most, 2);
  });

  it("wait no longer than they may take", async () => {
    const introspector = open({ maxConcurrent: 1, maxQueued: 10, timeoutMs: 100 });
    server.answerWith(undefined);
    const outcomes = await Promise.all(["a", "b", "c"].map((token) => introspector.introspect(token)));
    assert.deepEqual(outcomes.map(nameOutcome), ["timeout", "timeout", "timeout"]);
    assert.equal(server.seen.length, 1);
  });

  it("end when nobody wants their answers any more", async () => {
    const introspector = open({ timeoutMs: 10_000 });
    server.answerWith(undefined);
    const asked = introspector.introspect("t");
    await introspector.close();
    assert.equal((await asked).kind, "unavailable");
  });
});
