import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Handlers, Wire } from "../../src/cluster/channel.ts";
import { Channel, ChannelError, MAX_QUESTIONS, MAX_UNSENT } from "../../src/cluster/channel.ts";
import { DecisionRelay, MAX_RELAYED_DECISIONS } from "../../src/cluster/decision-relay.ts";
import { createLogRelay } from "../../src/cluster/log-relay.ts";
import type { PrimaryTopics, ToldLine, Topic, WorkerTopics } from "../../src/cluster/messages.ts";
import type { DecisionEvent } from "../../src/decision/decision-event.ts";

interface Topics {
  readonly double: Topic<number, number>;
  readonly note: Topic<string>;
}

type Sent = { readonly message: unknown; done(error?: null): void };

/** A channel whose peer reads only when it is told to. */
function createChannel(handlers: Partial<Handlers<Topics>> = {}): {
  readonly channel: Channel<Topics, Topics>;
  readonly sent: Sent[];
} {
  const sent: Sent[] = [];
  const wire: Wire = {
    send: (message, done) => void sent.push({ message, done: () => done(null) }),
  };
  const all = { double: (value: number) => 2 * value, note: () => undefined, ...handlers };
  return { channel: new Channel<Topics, Topics>(wire, all), sent };
}

/** Two channels that are each other's peer. */
function connect(
  handlers: Partial<Handlers<Topics>> = {},
): readonly [Channel<Topics, Topics>, Channel<Topics, Topics>] {
  const all = { double: (value: number) => 2 * value, note: () => undefined, ...handlers };
  const carry =
    (peer: () => Channel<Topics, Topics>) =>
    (message: unknown, done: (error: null) => void): void =>
      queueMicrotask(() => {
        peer().receive(structuredClone(message));
        done(null);
      });
  const left: Channel<Topics, Topics> = new Channel<Topics, Topics>({ send: carry(() => right) }, all);
  const right: Channel<Topics, Topics> = new Channel<Topics, Topics>({ send: carry(() => left) }, all);
  return [left, right];
}

describe("a channel", () => {
  it("brings questions to their handlers, and the answers back", async () => {
    const [left] = connect();
    assert.deepEqual(await Promise.all([left.ask("double", 2, 1000), left.ask("double", 21, 1000)]), [4, 42]);
  });

  it("tells whoever asked what the handler threw, with the system's code", async () => {
    const cause = Object.assign(new Error("inner"), { code: "EADDRINUSE" });
    const [left] = connect({ double: () => Promise.reject(new Error("cannot listen", { cause })) });
    await assert.rejects(left.ask("double", 1, 1000), { message: "cannot listen", code: "EADDRINUSE" });
  });

  it("ends a question that nobody answers, and all of them when it is closed", async () => {
    const { channel } = createChannel();
    await assert.rejects(
      channel.ask("double", 1, 10),
      new ChannelError('no answer to "double" within 10 ms'),
    );
    const open = channel.ask("double", 1, 10_000);
    channel.close();
    await assert.rejects(open, new ChannelError("the other process has ended"));
    assert.equal(channel.tell("note", "x"), false);
    await assert.rejects(channel.ask("double", 1, 1000), ChannelError);
  });

  it("ignores what is none of its messages, and topics that it does not have", async () => {
    const noted: string[] = [];
    const { channel, sent } = createChannel({ note: (text) => void noted.push(text) });
    for (const value of [null, undefined, 7, "x", {}, { kind: "other" }, { kind: "reply", id: 9 }])
      channel.receive(value);
    channel.receive({ kind: "tell", topic: "constructor", body: "x" });
    channel.receive({ kind: "tell", topic: "note", body: "y" });
    channel.receive({ kind: "ask", id: 1, topic: "toString", body: "x" });
    await new Promise(setImmediate);
    assert.deepEqual(noted, ["y"]);
    assert.match(JSON.stringify(sent[0]?.message), /"failed".*no such topic: toString/);
  });

  it("keeps nothing for a peer that does not read but the newest of each state, however much is said", async () => {
    const { channel, sent } = createChannel();
    let told = 0;
    for (let i = 0; i < 10_000; i++) {
      if (channel.tell("note", `event ${i}`)) told++;
      channel.tellState("note", `state ${i % 3}`, `value ${i}`);
    }
    assert.equal(sent.length, MAX_UNSENT);
    assert.ok(told <= MAX_UNSENT);
    assert.equal(channel.isFull, true);
    await assert.rejects(channel.ask("double", 1, 1000), /no room/);
    // Now it reads: the states come, each once, and with its last value.
    for (const { done } of sent.splice(0)) done();
    const later = sent.map(({ message }) => (message as { body: string }).body);
    assert.deepEqual(later, ["value 9997", "value 9998", "value 9999"]);
    for (const { done } of sent.splice(0)) done();
    assert.equal(channel.isFull, false);
    assert.equal(channel.tell("note", "again"), true);
  });

  it("does not let an event or an answer overtake a state that waits", async () => {
    const { channel, sent } = createChannel();
    for (let i = 0; i < MAX_UNSENT; i++) channel.tell("note", "x");
    channel.tellState("note", "s", "state");
    assert.equal(channel.tell("note", "event"), false);
    sent[0]?.done();
    const { body } = (sent.at(-1) ?? assert.fail()).message as { body: string };
    assert.equal(body, "state");
  });

  it("has a bound for questions, those it asks and those it is asked", async () => {
    let running = 0;
    const { channel, sent } = createChannel({
      double: () => {
        running++;
        return new Promise(() => undefined);
      },
    });
    for (let id = 0; id < 2 * MAX_QUESTIONS; id++)
      channel.receive({ kind: "ask", id, topic: "double", body: 1 });
    await new Promise(setImmediate);
    assert.equal(running, MAX_QUESTIONS);
    let refused = 0;
    for (let i = 0; i < MAX_QUESTIONS + 5; i++) {
      channel.ask("double", 1, 10_000).catch(() => refused++);
      sent.at(-1)?.done();
    }
    await new Promise(setImmediate);
    assert.equal(refused, 5);
    channel.close();
  });

  it("survives a wire that throws and one that is closed", () => {
    const wire = {
      send: () => {
        throw new Error("ERR_IPC_CHANNEL_CLOSED");
      },
    };
    const channel = new Channel<Topics, Topics>(wire, { double: (value) => value, note: () => undefined });
    for (let i = 0; i < 2 * MAX_UNSENT; i++) channel.tell("note", "x");
    channel.receive({ kind: "ask", id: 1, topic: "double", body: 1 });
    assert.equal(channel.isFull, false);
  });
});

type Relayed = { readonly topic: string; readonly body: unknown };

/** What is told, until there is no room. */
function createTold(): {
  readonly channel: Pick<Channel<PrimaryTopics, WorkerTopics>, "tell">;
  readonly told: Relayed[];
  room: number;
} {
  const told: Relayed[] = [];
  const state = {
    told,
    room: 1000,
    channel: {
      tell: (topic: string, body: unknown) => {
        if (state.room === 0) return false;
        state.room--;
        told.push({ topic, body });
        return true;
      },
    },
  };
  return state;
}

function createEvent(path: string): DecisionEvent {
  return {
    time: 0,
    door: "generic",
    method: "GET",
    path,
    status: 200,
    outcome: "allowed",
    reason: "ok",
    issuer: undefined,
    subject: undefined,
    durationMs: 0,
  };
}

describe("what workers relay", () => {
  it("are decisions: the first at once, then many at a time, and those too many as a number", async () => {
    const world = createTold();
    const relay = new DecisionRelay(world.channel);
    for (let i = 0; i < MAX_RELAYED_DECISIONS + 11; i++) relay.add(createEvent(`/${i}`));
    assert.equal(world.told.length, 1);
    relay.flush();
    const bodies = world.told.map(({ body }) => body as PrimaryTopics["decisions"]["body"]);
    assert.deepEqual(
      bodies.map(({ events, dropped }) => [events.length, dropped]),
      [
        [1, 0],
        [MAX_RELAYED_DECISIONS, 10],
      ],
    );
    world.room = 0;
    for (let i = 0; i < 3; i++) relay.add(createEvent("/late"));
    relay.flush();
    world.room = 10;
    await new Promise((resolve) => setTimeout(resolve, 60));
    const last = world.told.at(-1)?.body as PrimaryTopics["decisions"]["body"];
    assert.equal(last.events.length, 3);
  });

  it("are lines of the log, with errors that any process can read, and a number for those that were lost", () => {
    const world = createTold();
    const log = createLogRelay(world.channel);
    log.warn({ err: new RangeError("too far"), route: 7 }, "odd");
    world.room = 0;
    log.info({}, "lost");
    log.info({}, "lost");
    world.room = 10;
    log.error({}, "there again");
    const lines = world.told.map(({ body }) => body as ToldLine);
    const { err } = (lines[0] ?? assert.fail()).fields as { err: Record<string, unknown> };
    assert.ok(!(err instanceof Error));
    assert.deepEqual([err["type"], err["message"]], ["RangeError", "too far"]);
    assert.deepEqual(
      lines.map(({ level, message, fields }) => [level, message, fields["droppedLines"]]),
      [
        ["warn", "odd", undefined],
        ["error", "there again", 2],
      ],
    );
  });
});
