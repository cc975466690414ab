import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deflateSync } from "node:zlib";

import type { Fetch, ListedStatus } from "../../src/ports.ts";
import { createTestClock, createTestIssuer, type TestIssuer } from "../../src/testing/index.ts";
import { createStatusLists } from "../../src/validator/create-status-lists.ts";
import { createValidator } from "../../src/validator/create-validator.ts";
import type { SharedStatusList, StatusListQuestion } from "../../src/validator/shared-status-list.ts";
import type { StatusListIssuerOptions } from "../../src/validator/status-list-options.ts";
import type { Validator } from "../../src/validator/validator.ts";

const URI = "https://issuer.test/lists/1";
const clock = createTestClock();

/** Two bits each, from index 0 on: valid, invalid, suspended, of the application's own. */
const LST = deflateSync(Uint8Array.of(0b11_10_01_00)).toString("base64url");

interface Scene {
  readonly issuer: TestIssuer;
  readonly validator: Validator;
  readonly asked: string[];
  /** What the next fetches are answered with. */
  answer: () => Promise<Response>;
  /** The reason for a token with a status at an index, or "ok". */
  judge(index: number, uri?: string): Promise<string>;
  signList(changes?: object, typ?: string, by?: TestIssuer): Promise<string>;
  close(): Promise<void>;
}

async function open(options: Partial<StatusListIssuerOptions> = {}): Promise<Scene> {
  const issuer = await createTestIssuer({ clock, algorithms: ["ES256"] });
  const asked: string[] = [];
  const signList = (changes: object = {}, typ = "statuslist+jwt", by = issuer): Promise<string> => {
    const bare = { aud: undefined, exp: undefined, jti: undefined, client_id: undefined, scope: undefined };
    const claims = { ...bare, sub: URI, ttl: 60, status_list: { bits: 2, lst: LST }, ...changes };
    return by.sign(claims, { header: { typ } });
  };
  const fetch: Fetch = (url) => {
    asked.push(url);
    return scene.answer();
  };
  const { keys, algorithms } = issuer.validatorOptions();
  const listed = { issuer: issuer.issuer, keys, ...(algorithms && { algorithms }), ...options };
  const statusLists = createStatusLists({ issuers: [listed], clock, fetch });
  const validator = createValidator({ issuers: [issuer.validatorOptions()], clock, statusLists });
  const scene: Scene = {
    issuer,
    validator,
    asked,
    answer: async () => answerList(await signList()),
    async judge(index, uri = URI) {
      const status = { status_list: { idx: index, uri } };
      const verdict = await validator.validate(await issuer.sign({ status }));
      return verdict.ok ? "ok" : verdict.reason;
    },
    signList,
    async close() {
      await validator.close();
      await statusLists.close();
    },
  };
  return scene;
}

/** Lets what began beside a check come to its end. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

function answerList(text: string, type = "application/statuslist+jwt"): Response {
  return new Response(text, { status: 200, headers: { "content-type": type } });
}

async function within(
  options: Partial<StatusListIssuerOptions>,
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  const scene = await open(options);
  try {
    await play(scene);
  } finally {
    await scene.close();
  }
}

describe("a token with a status in a list", () => {
  it("is accepted while the list says valid, and refused for whatever else it says", async () => {
    await within({}, async ({ judge, asked }) => {
      assert.equal(await judge(0), "ok");
      assert.equal(await judge(1), "token_revoked");
      assert.equal(await judge(2), "token_suspended");
      assert.equal(await judge(3), "token_revoked");
      assert.deepEqual(asked, [URI]);
    });
  });

  it("is refused where its index is not in the list, or the list is not the issuer's", async () => {
    await within({}, async ({ judge, asked }) => {
      assert.equal(await judge(4), "claim_invalid");
      for (const uri of [
        "https://other.test/lists/1",
        "http://issuer.test/lists/1",
        "https://issuer.test:8443/lists/1",
        "https://user@issuer.test/lists/1",
        "no url",
      ]) {
        assert.equal(await judge(0, uri), "claim_invalid", uri);
      }
      assert.deepEqual(asked, [URI]);
    });
  });

  it("is judged by lists of other origins only where they are named", async () => {
    await within({ origins: ["https://status.test"] }, async (scene) => {
      const uri = "https://status.test/1";
      scene.answer = async () => answerList(await scene.signList({ sub: uri }));
      assert.equal(await scene.judge(0, uri), "ok");
      assert.equal(await scene.judge(0), "claim_invalid");
    });
  });

  it("cannot be judged without a list that is good in everything", async () => {
    const stranger = await createTestIssuer({ clock, algorithms: ["ES256"] });
    const nowSeconds = Math.floor(clock() / 1000);
    const bad: Readonly<Record<string, (scene: Scene) => Promise<Response>>> = {
      "no connection": () => Promise.reject(new Error("down")),
      "another status": async () => new Response("", { status: 404 }),
      "another media type": async ({ signList }) => answerList(await signList(), "application/jwt"),
      "no token": async () => answerList("list"),
      "another typ": async ({ signList }) => answerList(await signList({}, "JWT")),
      "another subject": async ({ signList }) => answerList(await signList({ sub: `${URI}0` })),
      "another issuer": async ({ signList }) => answerList(await signList({ iss: "https://other.test/" })),
      "another's key": async ({ signList }) => answerList(await signList({}, undefined, stranger)),
      "no iat": async ({ signList }) => answerList(await signList({ iat: undefined })),
      "no list": async ({ signList }) => answerList(await signList({ status_list: undefined })),
      "iat to come": async ({ signList }) => answerList(await signList({ iat: nowSeconds + 3600 })),
      "its end passed": async ({ signList }) =>
        answerList(await signList({ iat: nowSeconds - 90, exp: nowSeconds - 60 })),
      "a ttl that is no time": async ({ signList }) => answerList(await signList({ ttl: "60" })),
      "a ttl of nothing": async ({ signList }) => answerList(await signList({ ttl: 0 })),
      "broken compression": async ({ signList }) =>
        answerList(await signList({ status_list: { bits: 2, lst: "AAAA" } })),
      "too much of it": async ({ signList }) => answerList(await signList({ pad: "x".repeat(2000) })),
    };
    for (const [what, answer] of Object.entries(bad)) {
      await within({ maxBytes: 1024 }, async (scene) => {
        scene.answer = () => answer(scene);
        assert.equal(await scene.judge(0), "status_list_unavailable", what);
      });
    }
  });

  it("asks for a list once, however many ask, and again when its ttl is over", async () => {
    await within({}, async (scene) => {
      assert.deepEqual(await Promise.all([0, 0, 1, 0].map((index) => scene.judge(index))), [
        "ok",
        "ok",
        "token_revoked",
        "ok",
      ]);
      assert.equal(scene.asked.length, 1);
      clock.advance({ ms: 61_000 });
      scene.answer = async () => answerList(await scene.signList({ status_list: { bits: 1, lst: LST } }));
      assert.equal(await scene.judge(2), "token_revoked");
      assert.equal(scene.asked.length, 2);
    });
  });

  it("is judged by the last good list for as long as is allowed, and not past the list's own end", async () => {
    for (const [exp, lastSeconds] of [
      [undefined, 150],
      [Math.floor(clock() / 1000) + 1000, 150],
    ] as const) {
      await within({ maxStaleSeconds: 100 }, async (scene) => {
        scene.answer = async () => answerList(await scene.signList({ exp }));
        assert.equal(await scene.judge(0), "ok");
        scene.answer = () => Promise.reject(new Error("down"));
        clock.advance({ ms: lastSeconds * 1000 });
        assert.equal(await scene.judge(0), "ok");
        assert.equal(await scene.judge(1), "token_revoked");
        clock.advance({ ms: 20_000 });
        assert.equal(await scene.judge(0), "status_list_unavailable");
      });
    }
    await within({ maxStaleSeconds: 100 }, async (scene) => {
      const exp = Math.floor(clock() / 1000) + 30;
      scene.answer = async () => answerList(await scene.signList({ exp }));
      assert.equal(await scene.judge(0), "ok");
      scene.answer = () => Promise.reject(new Error("down"));
      clock.advance({ ms: 31_000 });
      assert.equal(await scene.judge(0), "status_list_unavailable");
    });
  });

  it("does not make us ask again right after a failure, nor more often than every ten seconds", async () => {
    await within({}, async (scene) => {
      const good = scene.answer;
      scene.answer = () => Promise.reject(new Error("down"));
      for (let tries = 0; tries < 3; tries++) assert.equal(await scene.judge(0), "status_list_unavailable");
      assert.equal(scene.asked.length, 1);
      clock.advance({ ms: 5001 });
      scene.answer = good;
      assert.equal(await scene.judge(0), "ok");
      clock.advance({ ms: 61_000 });
      scene.answer = async () => answerList(await scene.signList({ ttl: 1 }));
      assert.equal(await scene.judge(0), "ok");
      clock.advance({ ms: 7000 });
      assert.equal(await scene.judge(0), "ok");
      assert.equal(scene.asked.length, 3);
    });
  });

  it("is not accepted where it expired while the list was fetched", async () => {
    await within({}, async (scene) => {
      const good = scene.answer;
      scene.answer = () => {
        clock.advance({ ms: 400_000 });
        return good();
      };
      assert.equal(await scene.judge(0), "token_expired");
    });
  });

  it("costs room for so many lists only, and the latest ones", async () => {
    await within({ maxLists: 2 }, async (scene) => {
      for (const name of ["a", "b", "a", "c", "a", "b"]) {
        const uri = `https://issuer.test/${name}`;
        scene.answer = async () => answerList(await scene.signList({ sub: uri }));
        assert.equal(await scene.judge(0, uri), "ok");
      }
      assert.deepEqual(
        scene.asked.map((url) => url.slice(-1)),
        ["a", "b", "c", "b"],
      );
    });
  });
});

describe("a token without a status", () => {
  it("passes unless all are to have one", async () => {
    const issuer = await createTestIssuer({ clock });
    for (const [withoutStatus, expected] of [
      ["accepted", "ok"],
      ["refused", "claim_invalid"],
    ] as const) {
      const { keys } = issuer.validatorOptions();
      const statusLists = createStatusLists({
        issuers: [{ issuer: issuer.issuer, keys, withoutStatus }],
        clock,
      });
      const validator = createValidator({ issuers: [issuer.validatorOptions()], clock, statusLists });
      const verdict = await validator.validate(await issuer.sign());
      assert.equal(verdict.ok ? "ok" : verdict.reason, expected);
      await validator.close();
      await statusLists.close();
    }
  });
});

describe("the options of status lists", () => {
  it("are refused outside their bounds", async () => {
    const issuer = await createTestIssuer({ clock });
    const { keys } = issuer.validatorOptions();
    for (const wrong of [
      { maxStaleSeconds: -1 },
      { timeoutMs: 1 },
      { maxBytes: 1 },
      { maxListBytes: 2 ** 30 },
      { maxLists: 0 },
    ]) {
      assert.throws(
        () => createStatusLists({ issuers: [{ issuer: issuer.issuer, keys, ...wrong }], clock }),
        RangeError,
      );
    }
  });
});

describe("a token that is used up while its status changes", () => {
  it("is judged by the list again after the wait, as by revocations and by time", async () => {
    const issuer = await createTestIssuer({ clock, algorithms: ["ES256"] });
    for (const [status, expected] of [
      ["valid", "ok"],
      ["revoked", "token_revoked"],
      ["suspended", "token_suspended"],
      ["unavailable", "status_list_unavailable"],
    ] as const) {
      for (const isLater of [false, true]) {
        let current: ListedStatus = "valid";
        const validator = createValidator({
          issuers: [issuer.validatorOptions()],
          clock,
          statusLists: { check: () => (isLater ? Promise.resolve(current) : current) },
          replay: {
            async use() {
              current = status;
              return "first";
            },
          },
        });
        const verdict = await validator.validate(await issuer.sign(), { singleUse: true });
        assert.equal(verdict.ok ? "ok" : verdict.reason, expected);
        await validator.close();
      }
    }
  });

  it("is refused where it was revoked while the list was asked for again", async () => {
    const issuer = await createTestIssuer({ clock, algorithms: ["ES256"] });
    let checks = 0;
    const validator = createValidator({
      issuers: [issuer.validatorOptions()],
      clock,
      statusLists: {
        async check(): Promise<ListedStatus> {
          checks += 1;
          return "valid";
        },
      },
      revocations: { find: () => (checks > 1 ? "revoked" : undefined), isFresh: () => true },
      replay: { use: async () => "first" },
    });
    const verdict = await validator.validate(await issuer.sign(), { singleUse: true });
    assert.equal(verdict.ok ? "ok" : verdict.reason, "token_revoked");
    assert.equal(checks, 2);
    await validator.close();
  });
});

describe("status lists that one process fetches for another", () => {
  /** The fetching end, and one that asks it, with what it asked. */
  async function openShared(options: Partial<StatusListIssuerOptions> = {}) {
    const scene = await open();
    const issuer = scene.issuer;
    const { keys, algorithms } = issuer.validatorOptions();
    const listed = { issuer: issuer.issuer, keys, ...(algorithms && { algorithms }), ...options };
    const fetched: string[] = [];
    const publisher = createStatusLists({
      issuers: [listed],
      clock,
      fetch: (url) => {
        fetched.push(url);
        return scene.answer();
      },
    });
    const questions: StatusListQuestion[] = [];
    const answers: (SharedStatusList | undefined)[] = [];
    let isAway = false;
    const follower = createStatusLists({
      issuers: [listed],
      clock,
      fetch: () => assert.fail("a follower fetched"),
      async ask(question) {
        questions.push(question);
        if (isAway) throw new Error("the other process does not answer");
        const answer = await publisher.share(structuredClone(question));
        answers.push(answer);
        return structuredClone(answer);
      },
    });
    const check = async (index: number, uri = URI): Promise<string> => {
      const claims = { iss: issuer.issuer, status: { status_list: { idx: index, uri } } };
      return follower.check({ claims });
    };
    const setAway = (next: boolean): void => {
      isAway = next;
    };
    return { scene, publisher, follower, check, fetched, questions, answers, setAway };
  }

  it("are judged as there, and asked for once", async () => {
    const { check, fetched, questions } = await openShared();
    assert.deepEqual(await Promise.all([check(0), check(1), check(2), check(3)]), [
      "valid",
      "revoked",
      "suspended",
      "revoked",
    ]);
    assert.equal(await check(4), "malformed");
    assert.deepEqual(questions, [{ issuer: "https://issuer.test/", uri: URI, version: 0 }]);
    assert.deepEqual(fetched, [URI]);
  });

  it("are asked for only where they may be", async () => {
    const { check, questions, publisher } = await openShared();
    assert.equal(await check(0, "https://other.test/lists/1"), "malformed");
    assert.deepEqual(questions, []);
    const question = { issuer: "https://issuer.test/", version: 0 };
    assert.equal(await publisher.share({ ...question, uri: "https://other.test/lists/1" }), undefined);
    assert.equal(await publisher.share({ ...question, issuer: "https://other.test", uri: URI }), undefined);
  });

  it("count no longer than where they were fetched, and come once however often they are confirmed", async () => {
    const { check, fetched, answers, scene } = await openShared();
    assert.equal(await check(0), "valid");
    clock.advance({ seconds: 50 });
    // Due to be fetched again in both; the one that there is goes on meanwhile.
    assert.equal(await check(0), "valid");
    await settle();
    clock.advance({ seconds: 8 });
    assert.equal(await check(0), "valid");
    await settle();
    assert.deepEqual(
      answers.map((answer) => [answer?.version, answer?.list !== undefined]),
      [
        [1, true],
        [1, false],
        [2, true],
      ],
    );
    assert.equal(answers[1]?.freshForMs, 10_000);
    assert.equal(fetched.length, 2);
    scene.answer = async () => new Response("", { status: 500 });
    clock.advance({ seconds: 361 });
    assert.equal(await check(0), "unavailable");
  });

  it("say revoked as soon as the other process knows", async () => {
    const { check, scene } = await openShared();
    assert.equal(await check(0), "valid");
    const lst = deflateSync(Uint8Array.of(1)).toString("base64url");
    scene.answer = async () => answerList(await scene.signList({ status_list: { bits: 2, lst } }));
    clock.advance({ seconds: 61 });
    assert.equal(await check(0), "revoked");
  });

  it("are not to be had while the other process has none, or does not answer", async () => {
    const { check, scene, setAway, questions } = await openShared();
    scene.answer = async () => new Response("", { status: 500 });
    assert.equal(await check(0), "unavailable");
    assert.equal(await check(0), "unavailable");
    assert.equal(questions.length, 1);
    setAway(true);
    clock.advance({ seconds: 6 });
    assert.equal(await check(0), "unavailable");
    setAway(false);
    scene.answer = async () => answerList(await scene.signList());
    clock.advance({ seconds: 2 });
    assert.equal(await check(0), "valid");
  });

  it("are used while they are old where the other process uses them, and no longer", async () => {
    const { check, scene, questions } = await openShared({ maxStaleSeconds: 30 });
    assert.equal(await check(0), "valid");
    scene.answer = async () => new Response("", { status: 500 });
    clock.advance({ seconds: 80 });
    assert.equal(await check(0), "valid");
    const asked = questions.length;
    assert.equal(await check(0), "valid");
    assert.equal(questions.length, asked);
    clock.advance({ seconds: 11 });
    assert.equal(await check(0), "unavailable");
  });

  it("are held to the follower's own bounds", async () => {
    const { follower, publisher } = await openShared();
    const lst = deflateSync(new Uint8Array(4096)).toString("base64url");
    const bounded = createStatusLists({
      issuers: [{ issuer: "https://issuer.test/", keys: { jwks: { keys: [] } }, maxListBytes: 1024 }],
      clock,
      ask: async () => ({ version: 1, freshForMs: 1000, usableForMs: 1000, list: { bits: 1, lst } }),
    });
    const claims = { iss: "https://issuer.test/", status: { status_list: { idx: 0, uri: URI } } };
    assert.equal(await bounded.check({ claims }), "unavailable");
    await Promise.all([follower.close(), publisher.close(), bounded.close()]);
  });

  it("are not taken for unchanged where the follower has none, or another", async () => {
    let version = 1;
    const follower = createStatusLists({
      issuers: [{ issuer: "https://issuer.test/", keys: { jwks: { keys: [] } } }],
      clock,
      ask: async () => ({ version, freshForMs: 1000, usableForMs: 1000, list: undefined }),
    });
    const claims = { iss: "https://issuer.test/", status: { status_list: { idx: 0, uri: URI } } };
    assert.equal(await follower.check({ claims }), "unavailable");
    version = 0;
    clock.advance({ seconds: 2 });
    assert.equal(await follower.check({ claims }), "unavailable");
  });
});

describe("fetches of status lists", () => {
  it("are told with how they ended, whatever the observer does", async () => {
    const issuer = await createTestIssuer({ clock, algorithms: ["ES256"] });
    const { keys, algorithms } = issuer.validatorOptions();
    const results: unknown[] = [];
    const claims = { iss: issuer.issuer, status: { status_list: { idx: 0, uri: URI } } };
    const sign = (changes: object, typ: string): Promise<string> =>
      issuer.sign(
        {
          aud: undefined,
          exp: undefined,
          sub: URI,
          ttl: 60,
          status_list: { bits: 2, lst: LST },
          ...changes,
        },
        { header: { typ } },
      );
    for (const answer of [
      async () => answerList(await sign({}, "statuslist+jwt")),
      async () => answerList(await sign({}, "JWT")),
      async () => new Response("", { status: 500 }),
      async () => new Response("", { status: 404 }),
      async () => answerList("x".repeat(2000)),
      () => Promise.reject(new TypeError("no connection")),
    ]) {
      const lists = createStatusLists({
        issuers: [
          { issuer: issuer.issuer, name: "main", keys, maxBytes: 1024, ...(algorithms && { algorithms }) },
        ],
        clock,
        fetch: answer,
        observer(event) {
          if (event.type === "status_list_fetch_finished") results.push([event.issuer, event.result]);
          throw new Error("an observer that fails");
        },
      });
      await lists.check({ claims });
      await lists.close();
    }
    assert.deepEqual(results, [
      ["main", "success"],
      ["main", "invalid"],
      ["main", "http_5xx"],
      ["main", "http_4xx"],
      ["main", "too_large"],
      ["main", "connect"],
    ]);
  });
});
