import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { ALGORITHMS } from "../../src/algorithms.ts";
import { createKeyFollower, type KeyFollower } from "../../src/keys/key-follower.ts";
import { createKeyPublisher, type KeyPublisher } from "../../src/keys/key-publisher.ts";
import { OPEN_KEYS } from "../../src/keys/key-sharing.ts";
import type { KeySource } from "../../src/keys/key-source.ts";
import type { RemoteKeySetOptions } from "../../src/keys/remote-options.ts";
import type { KeyAnswer, KeyQuestion, SharedKeys } from "../../src/keys/shared-keys.ts";
import type { EngineEvent } from "../../src/ports.ts";
import { type KeyServer, startKeyServer } from "../../src/testing/key-server.ts";
import { createTestClock, type TestClock } from "../../src/testing/test-clock.ts";
import { outcome, query, settingsOf, type WorldOptions } from "./remote-world.ts";

export interface Follower {
  readonly follower: KeyFollower;
  readonly keys: KeySource;
  find(keyId: string | undefined): string;
  resolve(keyId: string | undefined): Promise<string>;
}

/** A publisher on a real key server, and followers that a channel of copies connects with it. */
export interface SharingWorld {
  readonly server: KeyServer;
  readonly clock: TestClock;
  readonly publisher: KeyPublisher;
  readonly source: KeySource;
  readonly followers: readonly Follower[];
  readonly questions: KeyQuestion[];
  readonly events: EngineEvent[];
  /** While set, questions are given to it instead. */
  channel: ((question: KeyQuestion) => Promise<readonly KeyAnswer[]>) | undefined;
  publish(...jwks: readonly object[]): void;
  fetches(): number;
}

export async function createSharingWorld(
  t: TestContext,
  { settings, count = 1 }: Pick<WorldOptions, "settings"> & { readonly count?: number } = {},
): Promise<SharingWorld> {
  const server = await startKeyServer();
  const clock = createTestClock();
  const questions: KeyQuestion[] = [];
  const events: EngineEvent[] = [];
  const options: RemoteKeySetOptions = {
    issuer: "https://issuer.test/",
    name: "main",
    source: { jwksUri: `${server.url}/jwks` },
    algorithms: [ALGORITHMS.Ed25519, ALGORITHMS.ES256, ALGORITHMS.RS256],
    settings: settingsOf(settings),
    fetch: (url, init) => fetch(url, init),
    clock,
    store: undefined,
    random: () => 0,
    observer: (event) => void events.push(event),
  };
  const followers: Follower[] = [];
  const publisher = createKeyPublisher({
    onChange(issuer: string, keys: SharedKeys) {
      for (const { follower } of followers)
        follower.accept(issuer, structuredClone(keys)).catch(assert.ifError);
    },
  });
  const source = publisher[OPEN_KEYS](options);
  const world: SharingWorld = {
    server,
    clock,
    publisher,
    source,
    followers,
    questions,
    events,
    channel: undefined,
    publish: (...jwks) => void server.documents.set("/jwks", { keys: jwks }),
    fetches: () => server.countRequests("/jwks"),
  };
  for (let index = 0; index < count; index++) {
    const follower = createKeyFollower({
      ask(question) {
        questions.push(structuredClone(question));
        return world.channel === undefined
          ? publisher.answer(structuredClone(question))
          : world.channel(question);
      },
    });
    const keys = follower[OPEN_KEYS](options);
    followers.push({
      follower,
      keys,
      find: (keyId) => outcome(keys.find(query(keyId))),
      resolve: async (keyId) => outcome(await keys.resolve(query(keyId))),
    });
  }
  t.after(async () => {
    for (const { keys } of followers) await keys.close();
    await source.close();
    await server.close();
  });
  return world;
}
