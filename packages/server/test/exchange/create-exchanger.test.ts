/** Exchanges with an endpoint that answers well or badly: what is asked, taken, remembered and refused. */

import assert from "node:assert/strict";
import { after, beforeEach, describe, it, mock } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import type { ExchangeConfiguration } from "../../src/config/exchange-configuration.ts";
import {
  createExchanger,
  type ExchangeOutcome,
  type Exchanger,
} from "../../src/exchange/create-exchanger.ts";
import type { SubjectToken } from "../../src/exchange/token-memory.ts";
import { createTokenMemory } from "../../src/exchange/token-memory.ts";
import { MAX_ANSWER_BYTES } from "../../src/oauth-client/fetch-bounded.ts";
import { BREAKER_PAUSE_MS } from "../../src/oauth-client/guard-endpoint.ts";
import { sendJson, startIntrospectionServer } from "../kit/start-introspection-server.ts";
import { answerToken, describeExchange, TXN_TOKEN } from "./describe-exchange.ts";

const NOW_MS = 1_700_000_000_000;
const server = await startIntrospectionServer();
let nowMs = NOW_MS;
let told: string[] = [];
let logged: string[] = [];
const opened: Exchanger[] = [];
after(async () => {
  await Promise.all(opened.map((exchanger) => exchanger.close()));
  await server.close();
});
beforeEach(() => {
  nowMs = NOW_MS;
  told = [];
  logged = [];
  server.seen.length = 0;
  server.answerWith(answerToken("new"));
});

function open(changes: Partial<ExchangeConfiguration> = {}, endpoint = server.endpoint): Exchanger {
  const log = (_fields: object, message: string): void => void logged.push(message);
  const exchanger = createExchanger(describeExchange(endpoint, changes), {
    clock: () => nowMs,
    logger: { info: log, warn: log, error: log },
    onAsked: ({ result }) => void told.push(result),
    onRecalled: (result) => void told.push(result),
  });
  opened.push(exchanger);
  return exchanger;
}

function subject(text: string, changes: Partial<SubjectToken> = {}): SubjectToken {
  return { text, issuer: "https://issuer.test/", expiresAt: NOW_MS + 3_600_000, ...changes };
}

function nameOutcome(outcome: ExchangeOutcome): string {
  if (outcome.kind === "exchanged") return outcome.token.text;
  return outcome.kind === "refused" ? outcome.error : outcome.fault;
}

async function exchange(exchanger: Exchanger, token: SubjectToken | string): Promise<string> {
  return nameOutcome(await exchanger.exchangeToken(typeof token === "string" ? subject(token) : token));
}

/** Every exchange gives another token. */
function answerNumbered(changes: object = {}): void {
  let count = 0;
  server.answerWith(({ response }) => {
    count += 1;
    sendJson(response, answerToken(`new${count}`, changes));
  });
}

describe("an exchange", () => {
  it("asks by the book for a token of the configured target, as the configured client", async () => {
    const exchanger = open({
      audiences: ["a", "b"],
      resources: ["https://r.test/x?y"],
      scopes: ["orders:read", "orders:write"],
    });
    assert.equal(await exchange(exchanger, "old"), "new");
    const [seen] = server.seen;
    assert.equal(seen?.method, "POST");
    assert.deepEqual([...(seen?.form ?? [])].toSorted(), [
      ["audience", "a"],
      ["audience", "b"],
      ["grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"],
      ["requested_token_type", "urn:ietf:params:oauth:token-type:access_token"],
      ["resource", "https://r.test/x?y"],
      ["scope", "orders:read orders:write"],
      ["subject_token", "old"],
      ["subject_token_type", "urn:ietf:params:oauth:token-type:access_token"],
    ]);
    const basic = seen?.headers.authorization?.replace("Basic ", "") ?? "";
    assert.equal(Buffer.from(basic, "base64").toString(), "countersign:s3cret");
  });

  it("takes a transaction token only as that, with a token_type that says it is no access token", async () => {
    const txn = { requestedTokenType: "txn_token", scopes: ["pay"] } as const;
    const good = { issued_token_type: TXN_TOKEN, token_type: "N_A" };
    server.answerWith(answerToken("txn", good));
    assert.equal(await exchange(open(txn), "old"), "txn");
    for (const changes of [{ token_type: "Bearer" }, { refresh_token: "r" }]) {
      server.answerWith(answerToken("txn", { ...good, ...changes }));
      assert.equal(await exchange(open(txn), "old"), "bad_answer", JSON.stringify(changes));
    }
  });
});

describe("what is remembered", () => {
  it("is used again for the same token, and for no other and no other issuer's", async () => {
    answerNumbered();
    const exchanger = open();
    const other = subject("a", { issuer: "https://other.test/" });
    const asked = ["a", "a", "b", other, other, "a", "b"];
    const got: string[] = [];
    for (const each of asked) got.push(await exchange(exchanger, each));
    assert.deepEqual(got, ["new1", "new1", "new2", "new3", "new3", "new1", "new2"]);
    assert.equal(server.seen.length, 3);
  });

  it("is kept under token, issuer and everything that says whom the new one is for", () => {
    const variants: readonly (readonly [Parameters<typeof describeExchange>[1], string])[] = [
      [{}, server.endpoint],
      [{ name: "reports" }, server.endpoint],
      [{ clientId: "other" }, server.endpoint],
      [{ audiences: ["https://other.test"] }, server.endpoint],
      [{ resources: ["https://orders.test"] }, server.endpoint],
      [{ scopes: ["pay"] }, server.endpoint],
      [{ requestedTokenType: "jwt" }, server.endpoint],
      [{}, "http://127.0.0.1:1/token"],
    ];
    const keys = variants.flatMap(([changes, endpoint]) => {
      const memory = createTokenMemory(describeExchange(endpoint, changes), () => nowMs);
      const subjects = [subject("a"), subject("b"), subject("a", { issuer: "https://other.test/" })];
      return subjects.map((each) => memory.nameKey(each));
    });
    assert.equal(new Set(keys).size, variants.length * 3);
    for (const key of keys) assert.match(key, /^[\w-]{43}$/);
  });

  it("ends before the new token does, with the client's token, and after cacheSeconds", async () => {
    const cases: readonly (readonly [
      Partial<ExchangeConfiguration>,
      object,
      Partial<SubjectToken>,
      number,
    ])[] = [
      [{}, { expires_in: 100 }, {}, 90],
      [{}, { expires_in: 12 }, {}, 10],
      [{ cacheSeconds: 40 }, {}, {}, 40],
      [{}, {}, { expiresAt: NOW_MS + 20_000 }, 20],
      [{ cacheSeconds: 0 }, {}, {}, 0],
      [{}, { expires_in: undefined }, {}, 0],
    ];
    for (const [changes, answer, token, seconds] of cases) {
      nowMs = NOW_MS;
      answerNumbered(answer);
      const exchanger = open(changes);
      const ask = (): Promise<string> => exchange(exchanger, subject("a", token));
      const what = JSON.stringify([changes, answer, token]);
      assert.equal(await ask(), "new1", what);
      nowMs = NOW_MS + seconds * 1000;
      if (seconds > 0) assert.equal(await ask(), "new1", what);
      nowMs = NOW_MS + seconds * 1000 + 1;
      assert.equal(await ask(), "new2", what);
    }
  });

  it("ages from the question on, however long the answer took", async () => {
    let count = 0;
    server.answerWith(({ response }) => {
      count += 1;
      nowMs += 50_000;
      sendJson(response, answerToken(`new${count}`, { expires_in: 100 }));
    });
    const exchanger = open();
    assert.equal(await exchange(exchanger, "a"), "new1");
    nowMs = NOW_MS + 90_000;
    assert.equal(await exchange(exchanger, "a"), "new1");
    nowMs = NOW_MS + 90_001;
    assert.equal(await exchange(exchanger, "a"), "new2");
  });

  it("is of a bounded number, and refusals push out no tokens", async () => {
    answerNumbered();
    const exchanger = open({ maxCacheEntries: 2 });
    for (const token of ["a", "b", "c", "c", "b"]) await exchange(exchanger, token);
    assert.equal(server.seen.length, 3);
    server.answerWith(({ response }) => sendJson(response, { error: "invalid_grant" }, 400));
    for (let bad = 0; bad < 10; bad += 1) await exchange(exchanger, `bad${bad}`);
    assert.equal(await exchange(exchanger, "b"), "new2");
  });
});

describe("a refusal by the book", () => {
  for (const error of ["invalid_grant", "invalid_request", "invalid_target", "invalid_scope"]) {
    it(`with ${error} is told as that, believed for seconds, and no failure of the endpoint`, async () => {
      server.answerWith(({ response }) => sendJson(response, { error }, 400));
      const exchanger = open();
      for (let asked = 0; asked < 30; asked += 1) {
        assert.equal(await exchange(exchanger, `bad${asked}`), error);
      }
      assert.equal(await exchange(exchanger, "bad1"), error);
      assert.equal(server.seen.length, 30);
      server.answerWith(answerToken("new"));
      assert.equal(await exchange(exchanger, "good"), "new");
      nowMs += 5001;
      assert.equal(await exchange(exchanger, "bad1"), "new");
    });
  }
});

describe("an endpoint that fails", () => {
  const cases: readonly (readonly [string, Parameters<typeof server.answerWith>[0], string])[] = [
    ["says 500", ({ response }) => void response.writeHead(500).end("oops"), "http_error"],
    ["says 503 with a token", ({ response }) => sendJson(response, answerToken("new"), 503), "http_error"],
    ["says 201 with a token", ({ response }) => sendJson(response, answerToken("new"), 201), "http_error"],
    [
      "says 500 with invalid_grant",
      ({ response }) => sendJson(response, { error: "invalid_grant" }, 500),
      "http_error",
    ],
    [
      "does not know us",
      ({ response }) => sendJson(response, { error: "invalid_client" }, 401),
      "auth_error",
    ],
    [
      "says 401 with invalid_grant",
      ({ response }) => sendJson(response, { error: "invalid_grant" }, 401),
      "auth_error",
    ],
    [
      "does not know us, with 400",
      ({ response }) => sendJson(response, { error: "invalid_client" }, 400),
      "auth_error",
    ],
    [
      "does not let us",
      ({ response }) => sendJson(response, { error: "unauthorized_client" }, 400),
      "auth_error",
    ],
    ["forbids us", ({ response }) => sendJson(response, {}, 403), "auth_error"],
    [
      "knows no exchange",
      ({ response }) => sendJson(response, { error: "unsupported_grant_type" }, 400),
      "http_error",
    ],
    ["says 400 with a token", ({ response }) => sendJson(response, answerToken("new"), 400), "http_error"],
    ["says 400 with a page", ({ response }) => void response.writeHead(400).end("<html>"), "bad_answer"],
    [
      "sends us elsewhere",
      ({ response }) => void response.writeHead(307, { Location: server.endpoint }).end(),
      "http_error",
    ],
    ["hangs up", ({ response }) => void response.destroy(), "network_error"],
    ["says nothing", undefined, "timeout"],
    ["begins and says no more", ({ response }) => void response.writeHead(200).write('{"access'), "timeout"],
    ["sends a page", ({ response }) => void response.end("<html>"), "bad_answer"],
    ["sends a list", [answerToken("new")], "bad_answer"],
    ["sends too much", answerToken("new", { padding: "x".repeat(MAX_ANSWER_BYTES) }), "bad_answer"],
    ["sends no token", answerToken("", {}), "bad_answer"],
    ["sends a number", answerToken("new", { access_token: 1 }), "bad_answer"],
    [
      "sends another kind",
      answerToken("new", { issued_token_type: "urn:ietf:params:oauth:token-type:id_token" }),
      "bad_answer",
    ],
    ["does not say which kind", answerToken("new", { issued_token_type: undefined }), "bad_answer"],
    [
      "sends a transaction token",
      answerToken("new", { issued_token_type: TXN_TOKEN, token_type: "N_A" }),
      "bad_answer",
    ],
    ["sends a bound token", answerToken("new", { token_type: "DPoP" }), "bad_answer"],
    ["sends what is no credential", answerToken("new", { token_type: "N_A" }), "bad_answer"],
    ["does not say how it is used", answerToken("new", { token_type: undefined }), "bad_answer"],
    ["sends the token back", answerToken("t"), "bad_answer"],
    ["ends the header", answerToken("new\r\nX-Auth-Subject: root"), "bad_answer"],
    ["sends two words", answerToken("new token"), "bad_answer"],
    ["sends a long token", answerToken("x".repeat(8193)), "bad_answer"],
    ["sends no lifetime", answerToken("new", { expires_in: "soon" }), "bad_answer"],
    ["sends what is over", answerToken("new", { expires_in: 0 }), "bad_answer"],
  ];
  for (const [what, reply, fault] of cases) {
    it(`gives no token, and nothing is remembered, where it ${what}`, async () => {
      const exchanger = open({ timeoutMs: 150 });
      server.answerWith(reply);
      assert.equal(await exchange(exchanger, "t"), fault);
      server.answerWith(answerToken("new"));
      assert.equal(await exchange(exchanger, "t"), "new");
      assert.deepEqual(told, ["miss", fault, "miss", "exchanged"]);
    });
  }

  it("tells nothing of what it wrote", async () => {
    server.answerWith(({ response }) =>
      sendJson(response, { error: "server_error", error_description: "t0ken" }, 400),
    );
    const outcome = await open().exchangeToken(subject("t0ken"));
    assert.doesNotMatch(JSON.stringify([outcome, logged]), /t0ken/);
  });

  it("is left alone after a few failures, and asked again later", async () => {
    mock.timers.enable({ apis: ["Date"], now: NOW_MS });
    try {
      const exchanger = open();
      server.answerWith(({ response }) => void response.writeHead(500).end());
      for (let asked = 0; asked < 8; asked += 1) await exchange(exchanger, `t${asked}`);
      assert.equal(server.seen.length, 5);
      assert.equal(told.at(-1), "breaker_open");
      server.answerWith(answerToken("new"));
      assert.equal(await exchange(exchanger, "t"), "breaker_open");
      mock.timers.tick(BREAKER_PAUSE_MS);
      assert.equal(await exchange(exchanger, "t"), "new");
      assert.match(logged.at(-1) ?? "", /token exchange works again/);
    } finally {
      mock.timers.reset();
    }
  });
});

describe("exchanges at the same time", () => {
  it("of one token are one, and its token is everyone's", async () => {
    answerNumbered();
    const exchanger = open();
    const got = await Promise.all(Array.from({ length: 50 }, () => exchange(exchanger, "a")));
    assert.deepEqual(new Set(got), new Set(["new1"]));
    assert.equal(server.seen.length, 1);
  });

  it("of different tokens never get each other's", async () => {
    server.answerWith(async ({ form, response }) => {
      await delay(Math.random() * 20);
      sendJson(response, answerToken(`for-${form.get("subject_token")}`));
    });
    const exchanger = open({ maxConcurrent: 8 });
    const names = Array.from({ length: 200 }, (_, index) => `u${index % 40}`);
    const got = await Promise.all(names.map((name) => exchange(exchanger, name)));
    assert.deepEqual(
      got,
      names.map((name) => `for-${name}`),
    );
    assert.equal(server.seen.length, 40);
  });

  it("are few, some wait, and more are not asked", async () => {
    let most = 0;
    let underWay = 0;
    server.answerWith(async ({ response }) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await delay(10);
      underWay -= 1;
      sendJson(response, answerToken("new"));
    });
    const exchanger = open({ maxConcurrent: 2, maxQueued: 3 });
    const got = await Promise.all(Array.from({ length: 8 }, (_, index) => exchange(exchanger, `t${index}`)));
    assert.equal(got.filter((each) => each === "new").length, 5);
    assert.equal(got.filter((each) => each === "overloaded").length, 3);
    assert.equal(most, 2);
  });

  it("end when the configuration does", async () => {
    server.answerWith(undefined);
    const exchanger = open({ timeoutMs: 10_000 });
    const asked = exchanger.exchangeToken(subject("t"));
    await exchanger.close();
    assert.equal((await asked).kind, "unavailable");
  });
});
