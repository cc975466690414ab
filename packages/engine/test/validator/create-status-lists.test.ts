import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deflateSync } from "node:zlib";

import type { Fetch } from "../../src/ports.ts";
import { createTestClock, createTestIssuer, type TestIssuer } from "../../src/testing/index.ts";
import { createStatusLists } from "../../src/validator/create-status-lists.ts";
import { createValidator } from "../../src/validator/create-validator.ts";
import type { StatusListIssuerOptions } from "../../src/validator/status-list-options.ts";
import type { Validator } from "../../src/validator/validator.ts";

const URI = "https://issuer.test/lists/1";
const clock = createTestClock();

/** Two bits each, from index 0 on: valid, invalid, suspended, of the application's own. */
const LST = deflateSync(Uint8Array.of(0b11_10_01_00)).toString("base64url");

interface Scene {
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
