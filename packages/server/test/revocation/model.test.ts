/** Random histories: what is remembered never changes a verdict, and what was revoked and acknowledged is never accepted. */

import assert from "node:assert/strict";
import { it } from "node:test";
import { createValidator, type Validator, type Verdict } from "countersign";
import { createTestClock, createTestIssuer, type TestClock, type TestIssuer } from "countersign/testing";
import * as fc from "fast-check";
import { FollowedList } from "../../src/revocation/followed-list.ts";
import { SharedFeed } from "../../src/revocation/shared-feed.ts";
import type { FeedSource } from "../../src/stores/feed-follower.ts";
import { MemoryRevocationStore } from "../../src/stores/memory-revocation-store.ts";
import { StoreUnavailableError } from "../../src/stores/revocation-store.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { waitFor } from "../kit/wait-for.ts";

const SUBJECTS = ["alice", "bob"] as const;
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

interface SignedToken {
  readonly text: string;
  readonly jti: string;
  readonly subject: string;
  readonly issuedAtSeconds: number;
}

/** What must be refused, as the store acknowledged it. */
interface Model {
  readonly tokens: SignedToken[];
  readonly revocations: Map<
    string,
    { readonly refuses: (token: SignedToken) => boolean; readonly expiresAtMs: number }
  >;
  isFeedLost: boolean;
}

type Step = fc.AsyncCommand<Model, World>;

/** A process that has the store and one that follows it: each with a validator that remembers and one that does not. */
class World {
  readonly clock: TestClock;
  readonly issuer: TestIssuer;
  readonly store: MemoryRevocationStore;
  isFeedLost = false;
  #feed: SharedFeed;
  #lists: readonly FollowedList[] = [];
  #validators: readonly { readonly list: FollowedList; readonly pair: readonly Validator[] }[] = [];

  constructor(clock: TestClock, issuer: TestIssuer) {
    this.clock = clock;
    this.issuer = issuer;
    this.store = new MemoryRevocationStore({ clock });
    this.#feed = new SharedFeed(this.#lossy());
  }

  /** Starts both processes anew: what they knew is gone. */
  async restart(): Promise<void> {
    await this.#stopLists();
    this.#feed = new SharedFeed(this.#lossy());
    const relayed: FeedSource = {
      read: (query) => this.#feed.readRecent(query),
      waitForChange: async ({ after, timeoutMs }) => {
        await this.#feed.waitForRecent(after, timeoutMs);
        return undefined;
      },
      expire: () => Promise.resolve(0),
    };
    this.#lists = [this.#feed, relayed].map((source) => this.#follow(source));
    for (const list of this.#lists) list.start();
    await this.reload();
  }

  /** Validators with the keys of now, on the lists that there are. */
  async reload(): Promise<void> {
    await Promise.all(this.#validators.flatMap(({ pair }) => pair.map((validator) => validator.close())));
    this.#validators = this.#lists.map((list) => {
      const options = {
        issuers: [{ ...this.issuer.validatorOptions(), clockToleranceSeconds: 0 }],
        clock: this.clock,
        revocations: list.list,
      };
      return {
        list,
        pair: [createValidator(options), createValidator({ ...options, signatureCache: "off" })],
      };
    });
  }

  /** Until every process has applied what the store has. */
  async settle(): Promise<void> {
    const { head } = await this.store.read({ after: Number.MAX_SAFE_INTEGER, limit: 1 });
    await waitFor(() =>
      this.#lists.every(
        ({ hasStarted, status }) => hasStarted && status.isCaughtUp && status.position >= head.position,
      ),
    );
  }

  /** Of each process both verdicts, as its decisions ask for them. */
  async validate(text: string): Promise<readonly (readonly [Verdict, Verdict, boolean])[]> {
    return Promise.all(
      this.#validators.map(async ({ list, pair }) => {
        const { hasStarted } = list;
        const context = hasStarted ? {} : ({ revocationFreshness: "required" } as const);
        const [first, second] = await Promise.all(pair.map((validator) => validator.validate(text, context)));
        if (first === undefined || second === undefined) throw new Error("there are two");
        return [first, second, hasStarted] as const;
      }),
    );
  }

  async close(): Promise<void> {
    await this.#stopLists();
    await this.store.close();
    await Promise.all(this.#validators.flatMap(({ pair }) => pair.map((validator) => validator.close())));
  }

  async #stopLists(): Promise<void> {
    const stopped = this.#lists.map((list) => list.stop());
    this.#feed.close();
    await Promise.all(stopped);
  }

  #follow(source: FeedSource): FollowedList {
    const metrics = createMetrics({ version: "test", clock: this.clock });
    const setup = { source, maxStaleSeconds: 60, clock: this.clock, logger: SILENT, metrics };
    return new FollowedList({ ...setup, judges: true, transport: "push" });
  }

  #lossy(): FeedSource {
    const check = (): void => {
      if (this.isFeedLost) throw new StoreUnavailableError("lost");
    };
    return {
      read: async (query) => {
        check();
        return this.store.read(query);
      },
      waitForChange: async (query) => {
        check();
        await this.store.waitForChange({ ...query, timeoutMs: 20 });
        check();
        return undefined;
      },
      expire: (limit) => this.store.expire(limit),
    };
  }
}

function pick<T>(list: readonly T[], choice: number): T | undefined {
  return list[choice % Math.max(1, list.length)];
}

const sign = fc.constantFrom(...SUBJECTS).map(
  (subject): Step => ({
    check: () => true,
    toString: () => `sign(${subject})`,
    async run(model, world) {
      const jti = `t${model.tokens.length}`;
      const issuedAtSeconds = Math.floor(world.clock.now / 1000);
      const text = await world.issuer.sign({
        sub: subject,
        jti,
        iat: issuedAtSeconds,
        exp: issuedAtSeconds + 600,
      });
      model.tokens.push({ text, jti, subject, issuedAtSeconds });
    },
  }),
);

const validate = fc.nat(20).map(
  (choice): Step => ({
    check: ({ tokens }) => tokens.length > 0,
    toString: () => `validate(${choice})`,
    async run(model, world) {
      const token = pick(model.tokens, choice);
      if (token === undefined) return;
      const isRevoked = [...model.revocations.values()].some(
        ({ refuses, expiresAtMs }) => expiresAtMs > world.clock.now && refuses(token),
      );
      for (const [remembering, forgetful, hasStarted] of await world.validate(token.text)) {
        assert.equal(readReason(remembering), readReason(forgetful));
        if (isRevoked) assert.equal(remembering.ok, false, "accepted what was revoked and acknowledged");
        if (!hasStarted) assert.equal(remembering.ok, false, "accepted before the feed was read");
      }
    },
  }),
);

const revoke = fc.tuple(fc.nat(20), fc.boolean()).map(
  ([choice, isWhole]): Step => ({
    // Where the feed is lost nothing is acknowledged by anybody.
    check: ({ tokens, isFeedLost }) => tokens.length > 0 && !isFeedLost,
    toString: () => `revoke(${choice}, ${isWhole ? "subject" : "token"})`,
    async run(model, world) {
      const token = pick(model.tokens, choice);
      if (token === undefined) return;
      const { issuer } = world.issuer;
      const nowSeconds = Math.floor(world.clock.now / 1000);
      const id = `r${model.revocations.size}-${Math.random()}`.replace("0.", "");
      const expiresAtMs = world.clock.now + 900_000;
      await world.store.append([
        {
          id,
          target: isWhole
            ? { kind: "subject", issuer, value: token.subject, issuedBeforeSeconds: nowSeconds }
            : { kind: "token", issuer, value: token.jti },
          ...{
            status: "revoked",
            actor: "model",
            reason: "model",
            createdAtMs: world.clock.now,
            expiresAtMs,
          },
        },
      ]);
      await world.settle();
      const refuses = (other: SignedToken): boolean =>
        isWhole
          ? other.subject === token.subject && other.issuedAtSeconds <= nowSeconds
          : other.jti === token.jti;
      model.revocations.set(id, { refuses, expiresAtMs });
    },
  }),
);

const lift = fc.nat(20).map(
  (choice): Step => ({
    check: ({ revocations, isFeedLost }) => revocations.size > 0 && !isFeedLost,
    toString: () => `lift(${choice})`,
    async run(model, world) {
      const id = pick([...model.revocations.keys()], choice) ?? "";
      await world.store.lift({ id, actor: "model", reason: "model", liftedAtMs: world.clock.now });
      await world.settle();
      model.revocations.delete(id);
    },
  }),
);

const rotate = fc.boolean().map(
  (keepOld): Step => ({
    check: () => true,
    toString: () => `rotate(${keepOld ? "keep" : "drop"})`,
    async run(_model, world) {
      await world.issuer.rotate("ES256", { keepOld });
      await world.reload();
    },
  }),
);

const expire = fc.integer({ min: 1, max: 700 }).map(
  (seconds): Step => ({
    check: () => true,
    toString: () => `expire(${seconds})`,
    run: async (_model, world) => world.clock.advance({ seconds }),
  }),
);

const reload = fc.constant<Step>({
  check: () => true,
  toString: () => "reload",
  run: (_, world) => world.reload(),
});

const loseFeed = fc.constant<Step>({
  check: ({ isFeedLost }) => !isFeedLost,
  toString: () => "loseFeed",
  async run(model, world) {
    model.isFeedLost = true;
    world.isFeedLost = true;
  },
});

const findFeed = fc.constant<Step>({
  check: ({ isFeedLost }) => isFeedLost,
  toString: () => "findFeed",
  async run(model, world) {
    model.isFeedLost = false;
    world.isFeedLost = false;
    await world.settle();
  },
});

const restart = fc.constant<Step>({
  check: () => true,
  toString: () => "restart",
  async run(model, world) {
    await world.restart();
    if (!model.isFeedLost) await world.settle();
  },
});

function readReason(verdict: Verdict): string {
  return verdict.ok ? "ok" : verdict.reason;
}

it("never accepts what was revoked and acknowledged, and remembers nothing that changes a verdict", async () => {
  const steps = [
    sign,
    sign,
    validate,
    validate,
    validate,
    revoke,
    lift,
    rotate,
    expire,
    reload,
    loseFeed,
    findFeed,
    restart,
  ];
  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { maxCommands: 40, size: "max" }), async (commands) => {
      const clock = createTestClock();
      const issuer = await createTestIssuer({ algorithms: ["ES256"], clock });
      const world = new World(clock, issuer);
      await world.restart();
      await world.settle();
      const model = (): Model => ({ tokens: [], revocations: new Map(), isFeedLost: false });
      try {
        await fc.asyncModelRun(() => ({ model: model(), real: world }), commands);
      } finally {
        await world.close();
      }
    }),
    { numRuns: 40, interruptAfterTimeLimit: 30_000 },
  );
});
