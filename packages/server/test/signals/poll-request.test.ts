import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import {
  createPollEndpoint,
  type PollAnswer,
  type PollEndpoint,
  PollFault,
} from "../../src/signals/poll-request.ts";
import { type PollFaultKind, startTransmitter, type Transmitter } from "../kit/start-transmitter.ts";

const AUTHORIZATION = "Bearer of this receiver";

describe("a question for security events", () => {
  let transmitter: Transmitter;
  let endpoint: PollEndpoint;
  before(async () => {
    transmitter = await startTransmitter({ authorization: AUTHORIZATION, retryAfter: "1.5" });
    endpoint = createPollEndpoint({
      endpoint: transmitter.endpoint,
      authorization: AUTHORIZATION,
      maxEvents: 2,
      timeoutSeconds: 5,
      maxAnswerBytes: 1_048_576,
      insecureLoopbackHttp: true,
    });
  });
  after(async () => {
    await endpoint.close();
    await transmitter.close();
  });

  const ask = (fault: PollFaultKind): Promise<PollAnswer> => {
    transmitter.fail(fault);
    const question = { maxEvents: 2, returnsImmediately: true, acknowledged: [], refused: new Map() };
    return endpoint.ask(question, new AbortController().signal);
  };
  const answer = (value: unknown): Promise<PollAnswer> => ask({ text: JSON.stringify(value) });

  it("is answered with events, and whether there are more", async () => {
    assert.deepEqual(await answer({}), { events: [], hasMore: false });
    assert.deepEqual(await answer({ sets: { a: " x ", b: "y" } }), {
      events: [
        ["a", "x"],
        ["b", "y"],
      ],
      hasMore: false,
    });
    assert.deepEqual(await answer({ sets: { a: "x" }, moreAvailable: true }), {
      events: [["a", "x"]],
      hasMore: true,
    });
    const tooMany = await answer({ sets: { a: "x", b: "y", c: "z" }, moreAvailable: false });
    assert.deepEqual([tooMany.events.length, tooMany.hasMore], [2, true]);
  });

  it("takes what is no text, or too long, for an event that is not good", async () => {
    const sets = { a: 5, b: "x".repeat(65_537) };
    assert.deepEqual((await answer({ sets })).events, [
      ["a", ""],
      ["b", ""],
    ]);
    const longest = "x".repeat(65_536);
    assert.deepEqual((await answer({ sets: { a: longest, b: ["x"] } })).events, [
      ["a", longest],
      ["b", ""],
    ]);
  });

  it("refuses what is no answer", async () => {
    for (const value of [
      null,
      [],
      "text",
      { sets: null },
      { sets: "a" },
      { sets: ["a"] },
      { moreAvailable: "yes" },
      { sets: { "": "x" } },
      { sets: { ["j".repeat(1025)]: "x" } },
    ]) {
      await assert.rejects(
        answer(value),
        (error) => error instanceof PollFault && error.result === "bad_answer",
        JSON.stringify(value).slice(0, 40),
      );
    }
    const jti = "j".repeat(1024);
    assert.deepEqual((await answer({ sets: { [jti]: "x" } })).events, [[jti, "x"]]);
  });

  it("hears of a time to come back only in whole seconds", async () => {
    await assert.rejects(
      ask(503),
      (error) => error instanceof PollFault && error.retryAfterSeconds === undefined,
    );
  });
});
