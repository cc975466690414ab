import { generateKeyPairSync } from "node:crypto";
import type { TestContext } from "node:test";
import { ALGORITHMS } from "../../src/algorithms.ts";
import type { KeyLookup, KeyQuery, KeySource } from "../../src/keys/key-source.ts";
import { createRemoteKeySet, type RemoteKeySetOptions } from "../../src/keys/remote-key-set.ts";
import type { RemoteKeySettings } from "../../src/keys/remote-options.ts";
import type { EngineEvent } from "../../src/ports.ts";
import { type KeyServer, startKeyServer } from "../../src/testing/key-server.ts";
import { createTestClock, type TestClock } from "../../src/testing/test-clock.ts";
import { REMOTE_BOUNDS } from "../../src/validator/check-remote-keys.ts";

export type Jwk = Readonly<Record<string, unknown>>;

/** Far more than any fetch here takes: what does not end has failed, and must not hang the run. */
const PATIENCE_MS = 4000;

/** A new Ed25519 key; every call gives other material. */
export function createJwk(keyId: string): Jwk {
  const { x } = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
  return Object.freeze({ kty: "OKP", crv: "Ed25519", x, kid: keyId, use: "sig" });
}

export function query(keyId: string | undefined): KeyQuery {
  return { algorithm: ALGORITHMS.Ed25519, keyId };
}

/** "found", or the reason for the refusal, or "fetch_needed". */
export function outcome(lookup: KeyLookup): string {
  return lookup.kind === "refused" ? lookup.reason : lookup.kind;
}

export function settingsOf(options: Partial<RemoteKeySettings> = {}): RemoteKeySettings {
  const defaults = Object.entries(REMOTE_BOUNDS).map(([name, [, , fallback]]) => [name, fallback]);
  return { ...Object.fromEntries(defaults), insecureLoopbackHttp: true, ...options } as RemoteKeySettings;
}

export interface WorldOptions extends Partial<Omit<RemoteKeySetOptions, "settings">> {
  readonly settings?: Partial<RemoteKeySettings>;
  /** Shared with another world, to have two issuers on one server. */
  readonly server?: KeyServer;
  /** Path of the key set. Default "/jwks". */
  readonly path?: string;
}

/** A key server and a remote key set on it, with a clock that stands still and no randomness. */
export interface World {
  readonly server: KeyServer;
  readonly clock: TestClock;
  readonly keys: KeySource;
  readonly events: EngineEvent[];
  /** Replaces the published set. */
  publish(...jwks: readonly Jwk[]): void;
  /** Requests for the key set so far. */
  fetches(): number;
  /** The reason or "found", after at most one fetch. */
  resolve(keyId: string | undefined): Promise<string>;
  find(keyId: string | undefined): string;
  /** Calls of `fetch` so far, once everything that is under way had its turn. */
  fetchesStarted(): Promise<number>;
  /** Waits until so many fetches have ended since the world began; rejects where they do not. */
  fetchesEnded(count: number): Promise<void>;
  /** Events of one type, in their order. */
  told<T extends EngineEvent["type"]>(type: T): readonly Extract<EngineEvent, { type: T }>[];
}

export async function createWorld(t: TestContext, options: WorldOptions = {}): Promise<World> {
  const { settings, server: shared, path = "/jwks", ...rest } = options;
  const server = shared ?? (await startKeyServer());
  const clock = (rest.clock as TestClock | undefined) ?? createTestClock();
  const events: EngineEvent[] = [];
  const listeners = new Set<() => void>();
  let started = 0;
  const keys = createRemoteKeySet({
    issuer: "https://issuer.test/",
    name: "main",
    source: { jwksUri: `${server.url}${path}` },
    algorithms: [ALGORITHMS.Ed25519, ALGORITHMS.ES256],
    settings: settingsOf(settings),
    fetch: (url, init) => {
      started++;
      return fetch(url, init);
    },
    clock,
    store: undefined,
    random: () => 0,
    ...rest,
    observer: (event) => {
      events.push(event);
      rest.observer?.(event);
      for (const listener of listeners) listener();
    },
  });
  t.after(async () => {
    await keys.close();
    if (shared === undefined) await server.close();
  });
  const told = <T extends EngineEvent["type"]>(type: T): readonly Extract<EngineEvent, { type: T }>[] =>
    events.filter((event): event is Extract<EngineEvent, { type: T }> => event.type === type);
  const world: World = {
    server,
    clock,
    keys,
    events,
    told,
    publish: (...jwks) => void server.documents.set(path, { keys: jwks }),
    fetches: () => server.countRequests(path),
    resolve: async (keyId) => outcome(await keys.resolve(query(keyId))),
    find: (keyId) => outcome(keys.find(query(keyId))),
    fetchesStarted: async () => {
      await new Promise(setImmediate);
      return started;
    },
    fetchesEnded: (count) =>
      new Promise((resolve, reject) => {
        const giveUp = setTimeout(() => {
          const ended = told("keys_fetch_finished").length;
          reject(new Error(`expected ${count} fetches to end, found ${ended} in ${PATIENCE_MS} ms`));
        }, PATIENCE_MS);
        const check = (): void => {
          if (told("keys_fetch_finished").length < count) return;
          clearTimeout(giveUp);
          listeners.delete(check);
          // The flight is cleared in the microtasks after its event.
          setImmediate(resolve);
        };
        listeners.add(check);
        check();
      }),
  };
  return world;
}
