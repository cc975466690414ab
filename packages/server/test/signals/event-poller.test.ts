import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";

import { ApiError } from "../../src/admin/api/api-route.ts";
import type { PollConfiguration } from "../../src/config/signals-configuration.ts";
import { EventPoller, type EventPollerSetup } from "../../src/signals/event-poller.ts";
import type { EventError } from "../../src/signals/event-receiver.ts";
import { createPollEndpoint } from "../../src/signals/poll-request.ts";
import { StoreUnavailableError } from "../../src/stores/revocation-store.ts";
import { startTransmitter, type Transmitter, type TransmitterSetup } from "../kit/start-transmitter.ts";
import { waitFor } from "../kit/wait-for.ts";

const AUTHORIZATION = "Bearer of this receiver";

type Take = (text: string, delivery?: { readonly jti?: string }) => Promise<EventError | undefined>;

interface Polling {
  readonly transmitter: Transmitter;
  readonly poller: EventPoller;
  readonly taken: string[];
  /** Of each pause, in milliseconds. */
  readonly pauses: number[];
  readonly results: string[];
  readonly log: string[];
}

describe("a poller of security events", () => {
  const open = new Set<Polling>();
  afterEach(async () => {
    for (const { poller, transmitter } of open) {
      await poller.close();
      await transmitter.close();
    }
    open.clear();
  });

  async function poll(
    given: {
      readonly transmitter?: Partial<TransmitterSetup>;
      readonly configuration?: Partial<PollConfiguration>;
      readonly take?: Take;
      /** Called before each pause, which takes no time. */
      readonly onPause?: (count: number) => void;
      readonly prepare?: (transmitter: Transmitter) => void;
    } = {},
  ): Promise<Polling> {
    const transmitter = await startTransmitter({ authorization: AUTHORIZATION, ...given.transmitter });
    given.prepare?.(transmitter);
    const taken: string[] = [];
    const pauses: number[] = [];
    const results: string[] = [];
    const log: string[] = [];
    const note = (_fields: object, message: string): void => void log.push(message);
    const { maxEvents = 50, everySeconds } = given.configuration ?? {};
    const setup: EventPollerSetup = {
      transmitter: { name: "polled" },
      receiver: {
        async take(text, delivery) {
          const error = await given.take?.(text, delivery);
          if (error === undefined) taken.push(text);
          return error;
        },
      },
      endpoint: createPollEndpoint({
        endpoint: transmitter.endpoint,
        authorization: AUTHORIZATION,
        maxEvents,
        timeoutSeconds: 5,
        maxAnswerBytes: 65_536,
        insecureLoopbackHttp: true,
        ...given.configuration,
      }),
      maxEvents,
      everySeconds,
      logger: { info: note, warn: note, error: note },
      metrics: { initializePolls: () => undefined, recordPoll: ({ result }) => void results.push(result) },
      async pause(ms) {
        if (ms > 0) {
          pauses.push(ms);
          given.onPause?.(pauses.length);
        }
        // Nobody else would get a turn.
        await new Promise((resolve) => setTimeout(resolve, 1));
      },
    };
    const polling = { transmitter, poller: new EventPoller(setup), taken, pauses, results, log };
    open.add(polling);
    polling.poller.start();
    return polling;
  }

  it("asks with long polls, takes what comes, and acknowledges it with the next poll", async () => {
    const { transmitter, taken, pauses, results, log } = await poll();
    await waitFor(() => transmitter.polls.length === 1);
    assert.deepEqual(transmitter.polls[0], { maxEvents: 50, returnImmediately: false });
    transmitter.add("a", "event a");
    await waitFor(() => transmitter.acknowledged.length === 1);
    assert.deepEqual(taken, ["event a"]);
    assert.deepEqual(transmitter.polls[1], { maxEvents: 50, returnImmediately: false, ack: ["a"] });
    transmitter.add("b", "event b");
    await waitFor(() => transmitter.pending.length === 0);
    assert.deepEqual(transmitter.polls[2]?.ack, ["b"]);
    assert.deepEqual(pauses, []);
    assert.deepEqual(results, ["answered", "answered"]);
    assert.deepEqual(log, []);
  });

  it("takes many events in batches, and nothing but what it asked for", async () => {
    const { transmitter, taken } = await poll({
      configuration: { maxEvents: 3 },
      prepare(each) {
        for (let index = 0; index < 10; index++) each.add(`j${index}`, `event ${index}`);
        const sets = Object.fromEntries(["x", "y", "z", "w"].map((jti) => [jti, `more ${jti}`]));
        each.fail({ text: JSON.stringify({ sets }) });
      },
    });
    await waitFor(() => transmitter.pending.length === 0);
    assert.deepEqual(taken.slice(0, 3), ["more x", "more y", "more z"]);
    assert.equal(taken.length, 13);
    assert.ok(transmitter.polls.every(({ ack = [] }) => ack.length <= 3));
  });

  it("says why events are refused, under their jti", async () => {
    const { transmitter, taken } = await poll({
      take: async (text) =>
        text === "good" ? undefined : { err: "invalid_key", description: "no such key" },
      prepare(each) {
        each.add("bad", "bad");
        each.add("good", "good");
        each.fail({ text: JSON.stringify({ sets: { number: 5, bad: "bad", good: "good" } }) });
      },
    });
    await waitFor(() => transmitter.pending.length === 0);
    assert.deepEqual(taken, ["good"]);
    assert.deepEqual(transmitter.polls[1], {
      maxEvents: 50,
      returnImmediately: false,
      ack: ["good"],
      setErrs: {
        number: { err: "invalid_key", description: "no such key" },
        bad: { err: "invalid_key", description: "no such key" },
      },
    });
  });

  it("gives the receiver the jti under which an event came", async () => {
    const seen: unknown[] = [];
    const { transmitter } = await poll({
      take: async (_text, delivery) => void seen.push(delivery),
      prepare: (each) => each.add("the jti", "event"),
    });
    await waitFor(() => transmitter.pending.length === 0);
    assert.deepEqual(seen, [{ jti: "the jti" }]);
  });

  it("neither acknowledges nor refuses what the store could not keep, and takes it when it comes again", async () => {
    let isAway = true;
    const attempts: string[] = [];
    const { transmitter, taken, pauses } = await poll({
      async take(text) {
        attempts.push(text);
        if (isAway && text === "second") throw new StoreUnavailableError("away");
        return undefined;
      },
      onPause(count) {
        if (count === 3) isAway = false;
      },
      prepare(each) {
        for (const text of ["first", "second", "third"]) each.add(text, text);
      },
    });
    await waitFor(() => transmitter.pending.length === 0);
    assert.deepEqual(transmitter.acknowledged, ["first", "second", "third"]);
    assert.deepEqual(transmitter.refused.size, 0);
    assert.deepEqual(taken, ["first", "second", "third"]);
    // While the store is away the others are not even tried.
    assert.deepEqual(attempts.slice(0, 3), ["first", "second", "second"]);
    assert.equal(pauses.length, 3);
  });

  it("lets one event that it cannot take hold up no other", async () => {
    const { transmitter, pauses } = await poll({
      async take(text) {
        if (text === "defect") throw new TypeError("a defect");
        return undefined;
      },
      prepare(each) {
        for (const text of ["defect", "other"]) each.add(text, text);
      },
    });
    await waitFor(() => pauses.length > 2);
    assert.deepEqual(transmitter.acknowledged, ["other"]);
    assert.deepEqual(transmitter.pending, ["defect"]);
  });

  it("stops at keys that are away, as every event would fare alike", async () => {
    const attempts: string[] = [];
    const { pauses } = await poll({
      async take(text) {
        attempts.push(text);
        throw new ApiError(503, "keys_unavailable", "away");
      },
      prepare(each) {
        for (const text of ["a", "b"]) each.add(text, text);
      },
    });
    await waitFor(() => pauses.length > 3);
    assert.ok(!attempts.includes("b"));
    // Each time later, though the transmitter answers.
    assert.ok(
      (pauses[0] ?? 0) >= 500 && (pauses[2] ?? 0) >= 2000 && (pauses[3] ?? 0) >= 4000,
      String(pauses),
    );
  });

  it("tells again what became of events where the answer was lost", async () => {
    const { transmitter, taken } = await poll({
      prepare(each) {
        each.fail({ text: JSON.stringify({ sets: { a: "event a" } }) }, "deaf", "reset", 500);
      },
    });
    await waitFor(() => transmitter.polls.length === 3);
    assert.deepEqual(
      transmitter.polls.map(({ ack }) => ack),
      [undefined, ["a"], ["a"]],
    );
    assert.deepEqual(taken, ["event a"]);
  });

  it("comes back after faults of every kind, each time later, and says so once", async () => {
    const { transmitter, results, pauses, log } = await poll({
      configuration: { timeoutSeconds: 1 },
      prepare(each) {
        each.fail(
          "reset",
          500,
          401,
          302,
          { text: "no JSON" },
          { text: "[]" },
          { text: '{"sets":[]}' },
          "silent",
        );
      },
    });
    await waitFor(() => results.length === 8);
    assert.deepEqual(results, [
      "network_error",
      "http_error",
      "auth_error",
      "http_error",
      "bad_answer",
      "bad_answer",
      "bad_answer",
      "timeout",
    ]);
    await waitFor(() => transmitter.polls.length === 5);
    transmitter.add("a", "event a");
    await waitFor(() => transmitter.acknowledged.length === 1);
    assert.deepEqual(log, ["no security events can be had", "security events can be had again"]);
    for (const [index, ms] of pauses.entries()) {
      const longestMs = Math.min(1000 * 2 ** index, 60_000);
      assert.ok(ms <= longestMs && ms >= longestMs / 2, `pause ${index}: ${ms} ms`);
    }
  });

  it("begins with short pauses again once it was answered", async () => {
    const { pauses } = await poll({
      transmitter: { holdMs: 5 },
      prepare: (each) => each.fail(500, 500, 500, { text: JSON.stringify({ sets: { a: "event" } }) }, 500),
    });
    await waitFor(() => pauses.length >= 4);
    assert.ok((pauses[2] ?? 0) >= 2000 && (pauses[3] ?? 0) <= 1000, String(pauses));
  });

  it("waits for as long as the transmitter asks, but not for hours", async () => {
    for (const [retryAfter, expected] of [
      ["120", 120_000],
      ["86400", 300_000],
    ] as const) {
      const { pauses } = await poll({ transmitter: { retryAfter }, prepare: (each) => each.fail(429) });
      await waitFor(() => pauses.length > 0);
      assert.equal(pauses[0], expected);
    }
  });

  it("asks for fewer events where an answer is too long, until it fits", async () => {
    const { transmitter, taken } = await poll({
      configuration: { maxEvents: 8 },
      prepare(each) {
        for (let index = 0; index < 8; index++) each.add(`j${index}`, `${index}${"x".repeat(20_000)}`);
      },
    });
    await waitFor(() => transmitter.pending.length === 0);
    assert.equal(taken.length, 8);
    assert.deepEqual(
      transmitter.polls.slice(0, 3).map(({ maxEvents }) => maxEvents),
      [8, 4, 2],
    );
  });

  it("gives a transmitter that holds no long polls a second between them", async () => {
    const { pauses } = await poll({ transmitter: { holdMs: 0 } });
    await waitFor(() => pauses.length > 2);
    assert.ok(
      pauses.every((ms) => ms > 500 && ms <= 1000),
      String(pauses),
    );
  });

  it("gives one that says that there is more and shows nothing a second too", async () => {
    const nothing = { text: JSON.stringify({ sets: {}, moreAvailable: true }) };
    const { pauses, results } = await poll({ prepare: (each) => each.fail(nothing, nothing, nothing) });
    await waitFor(() => results.length === 3 && pauses.length === 3);
    assert.ok(
      pauses.every((ms) => ms > 500 && ms <= 1000),
      String(pauses),
    );
  });

  it("asks every so often where long polls are not wanted", async () => {
    const { pauses, transmitter } = await poll({ configuration: { everySeconds: 7 } });
    await waitFor(() => pauses.length > 1);
    assert.equal(transmitter.polls[0]?.returnImmediately, true);
    assert.deepEqual(pauses.slice(0, 2), [7000, 7000]);
  });

  it("goes on after the transmitter was away", async () => {
    const { transmitter, results, taken } = await poll();
    await waitFor(() => transmitter.polls.length === 1);
    await transmitter.close();
    await waitFor(() => results.filter((result) => result === "network_error").length > 1);
    await transmitter.open();
    transmitter.add("a", "event a");
    await waitFor(() => transmitter.acknowledged.length === 1);
    assert.deepEqual(taken, ["event a"]);
  });

  it("ends a long poll when it is closed, and tells what became of the last events", async () => {
    let go = (): void => undefined;
    const wait = new Promise<void>((resolve) => {
      go = resolve;
    });
    const polling = await poll({
      async take() {
        await wait;
        return undefined;
      },
      prepare: (each) => {
        each.add("a", "event a");
        each.add("b", "event b");
      },
    });
    await waitFor(() => polling.transmitter.polls.length === 1);
    const closed = polling.poller.close();
    go();
    await closed;
    assert.deepEqual(polling.transmitter.polls.at(-1), {
      maxEvents: 0,
      returnImmediately: true,
      ack: ["a"],
    });
    // The one that was not begun comes again.
    assert.deepEqual(polling.transmitter.pending, ["b"]);

    const idle = await poll();
    await waitFor(() => idle.transmitter.polls.length === 1);
    await idle.poller.close();
    assert.equal(idle.transmitter.polls.length, 1);
    // That it was ended here is no fault of anybody.
    assert.deepEqual([idle.results, idle.log], [[], []]);
  });
});
