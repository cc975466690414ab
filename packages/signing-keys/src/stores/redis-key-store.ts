import { setTimeout as wait } from "node:timers/promises";
import { type KeyStore, KeyStoreUnavailableError, type StoredLedger } from "../lifecycle/key-store.ts";

/** What of a Redis client is used; one of `@redis/client` (and `redis`) is one. The client stays its owner's to close. */
export interface RedisCommands {
  sendCommand(args: string[]): Promise<unknown>;
}

export interface RedisKeyStoreOptions {
  readonly client: RedisCommands;
  /** The key that holds the ledger. Default "countersign:keys". */
  readonly key?: string;
  /** Of a call. Default 5000; 10..60000. */
  readonly timeoutMs?: number;
  /** Replicas that must have a write before it counts as written. Default 0; 0..16. */
  readonly replicas?: number;
}

const REPLACE = `
local version = redis.call('HGET', KEYS[1], 'version') or '0'
if tonumber(version) ~= tonumber(ARGV[1]) - 1 then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'text', ARGV[2])
return 1
`;

/**
 * The ledger in one Redis server, for signers and controllers on several machines. As durable as that server is: let it
 * write an append-only file with `appendfsync always`, or ask for replicas.
 */
export class RedisKeyStore implements KeyStore {
  readonly name: string;
  readonly #client: RedisCommands;
  readonly #key: string;
  readonly #timeoutMs: number;
  readonly #replicas: number;

  constructor({ client, key = "countersign:keys", timeoutMs = 5000, replicas = 0 }: RedisKeyStoreOptions) {
    if (!Number.isInteger(timeoutMs) || timeoutMs < 10 || timeoutMs > 60_000) {
      throw new RangeError("timeoutMs: expected a whole number from 10 to 60000");
    }
    if (!Number.isInteger(replicas) || replicas < 0 || replicas > 16) {
      throw new RangeError("replicas: expected a whole number from 0 to 16");
    }
    this.#client = client;
    this.#key = key;
    this.#timeoutMs = timeoutMs;
    this.#replicas = replicas;
    this.name = `redis:${key}`;
  }

  async read(): Promise<StoredLedger | undefined> {
    const answer = await this.#send(["HMGET", this.#key, "version", "text"]);
    const [version, text] = Array.isArray(answer) ? (answer as readonly unknown[]) : [];
    if (version === null && text === null) return undefined;
    if (typeof version === "string" && typeof text === "string" && /^[1-9]\d{0,14}$/.test(version)) {
      return { version: Number(version), text };
    }
    throw new KeyStoreUnavailableError(`Redis holds no ledger under ${this.#key}, but something else`);
  }

  async replace({ version, text }: StoredLedger): Promise<boolean> {
    // Both in one go, and so of one connection: WAIT is about the writes of its own.
    const written = this.#send(["EVAL", REPLACE, "1", this.#key, String(version), text]);
    if (this.#replicas === 0) return Number(await written) === 1;
    const counted = this.#send(["WAIT", String(this.#replicas), String(this.#timeoutMs)]);
    const [answer, count] = await Promise.all([written, counted]);
    if (Number(answer) !== 1) return false;
    if (Number(count) >= this.#replicas) return true;
    throw new KeyStoreUnavailableError(
      `expected ${this.#replicas} replicas to have the write, found ${Number(count)}`,
    );
  }

  async close(): Promise<void> {}

  async #send(args: string[]): Promise<unknown> {
    const timer = new AbortController();
    const late = wait(this.#timeoutMs, undefined, { signal: timer.signal }).then(() => {
      throw new KeyStoreUnavailableError(`no answer of Redis within ${this.#timeoutMs} ms`);
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([this.#client.sendCommand(args), late]);
    } catch (error) {
      if (error instanceof KeyStoreUnavailableError) throw error;
      const detail = error instanceof Error ? error.message : "it failed without saying why";
      throw new KeyStoreUnavailableError(`Redis refused: ${detail}`, { cause: error });
    } finally {
      timer.abort();
    }
  }
}
