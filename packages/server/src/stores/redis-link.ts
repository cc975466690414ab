/** A connection to one Redis server or a Redis Cluster: every command bounded in time, and tried again where that is safe. */

import { setTimeout as wait } from "node:timers/promises";
import { ErrorReply } from "@redis/client";
import { createRedisClient, type RedisClient, type RedisOptions } from "./redis-client.ts";
import { retryWithBackoff } from "./retry-with-backoff.ts";
import { StoreUnavailableError } from "./revocation-store.ts";

export interface RedisCommand {
  /** Decides which node of a cluster it is sent to. */
  readonly key: string;
  readonly args: readonly string[];
  /** Of one attempt. */
  readonly timeoutMs?: number;
}

export interface RedisScript {
  readonly text: string;
  /** Of the text, by which the server remembers it. */
  readonly sha1: string;
}

export interface ScriptCall {
  readonly script: RedisScript;
  /** All of one slot. */
  readonly keys: readonly [string, ...string[]];
  readonly args: readonly string[];
}

const DEFAULT_TIMEOUT_MS = 5000;

/** Errors that pass by themselves: a start, a failover, a move of slots, a script that takes long. */
const TRANSIENT = /^(?:LOADING|BUSY|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|READONLY|NOREPLICAS|UNBLOCKED)\b/;

export class RedisLink {
  readonly prefix: string;
  readonly #options: RedisOptions;
  readonly #timeoutMs: number;
  readonly #replicas: number;
  readonly #closing = new AbortController();
  #client: RedisClient | undefined;

  /** @throws RangeError where an option is outside its bounds. */
  constructor(options: RedisOptions) {
    const { prefix = "countersign", timeoutMs = DEFAULT_TIMEOUT_MS, replicas = 0 } = options;
    if (!/^[A-Za-z0-9._:-]{1,128}$/.test(prefix)) {
      throw new RangeError("prefix: expected 1 to 128 of A-Z a-z 0-9 . _ : -");
    }
    checkWhole("timeoutMs", timeoutMs, { least: 10, most: 60_000 });
    checkWhole("replicas", replicas, { least: 0, most: 16 });
    this.prefix = prefix;
    this.#options = options;
    this.#timeoutMs = timeoutMs;
    this.#replicas = replicas;
  }

  /** Aborts when the link is closed. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Another connection to the same, for commands that block. */
  duplicate(): RedisLink {
    return new RedisLink(this.#options);
  }

  /**
   * Sends a command that may be sent again to where its key is.
   *
   * @throws StoreUnavailableError
   */
  async send({ key, args, timeoutMs = this.#timeoutMs }: RedisCommand): Promise<unknown> {
    return this.#retry(() => this.#attempt(this.#open().send(key, [...args]), timeoutMs));
  }

  /** Runs a script that may run again. */
  async run(call: ScriptCall): Promise<unknown> {
    return this.#retry(() => this.#attempt(this.#evaluate(call), this.#timeoutMs));
  }

  /** The same for one that writes: resolves once as many replicas as configured have what it wrote. */
  async write(call: ScriptCall): Promise<unknown> {
    if (this.#replicas === 0) return this.run(call);
    const { script, keys, args } = call;
    return this.#retry(async () => {
      const client = this.#open();
      // Both in one go and so of one connection, since WAIT is about the writes of its own; and by text, since a second
      // try for a script that the server does not know would come after WAIT.
      const done = client.send(keys[0], ["EVAL", script.text, String(keys.length), ...keys, ...args]);
      const waited = client.send(keys[0], ["WAIT", String(this.#replicas), String(this.#timeoutMs)]);
      const [answer, count] = await this.#attempt(Promise.all([done, waited]), this.#timeoutMs * 2);
      if (Number(count) >= this.#replicas) return answer;
      throw new StoreUnavailableError(
        `expected ${this.#replicas} replicas to have a write, found ${Number(count)}`,
      );
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#client?.destroy();
    this.#client = undefined;
  }

  #open(): RedisClient {
    if (this.#closing.signal.aborted) throw new StoreUnavailableError("the store was closed");
    if (this.#client === undefined) {
      this.#client = createRedisClient(this.#options);
      // It goes on trying by itself; until then commands fail, and are tried again here.
      this.#client.connect().catch(() => undefined);
    }
    return this.#client;
  }

  async #evaluate({ script, keys, args }: ScriptCall): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.#open().send(keys[0], ["EVALSHA", script.sha1, ...rest]);
    } catch (error) {
      if (!(error instanceof ErrorReply) || !error.message.startsWith("NOSCRIPT")) throw error;
      return this.#open().send(keys[0], ["EVAL", script.text, ...rest]);
    }
  }

  async #retry<T>(attempt: () => Promise<T>): Promise<T> {
    const { signal } = this.#closing;
    try {
      return await retryWithBackoff(attempt, { isTransient, timeoutMs: this.#timeoutMs, signal });
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      const detail = error instanceof Error ? error.message : "failed without saying why";
      throw new StoreUnavailableError(`Redis refused: ${detail}`, { cause: error });
    }
  }

  /**
   * An answer that comes too late is not waited for, though the command may still be carried out. The connection on
   * which it was late may be dead without anybody having noticed: the next attempt makes another.
   */
  async #attempt<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
    const timer = new AbortController();
    const signal = AbortSignal.any([timer.signal, this.#closing.signal]);
    const client = this.#client;
    const late = wait(timeoutMs, undefined, { signal }).then(
      () => {
        if (this.#client === client) this.#client = undefined;
        client?.destroy();
        throw new StoreUnavailableError(`no answer of Redis within ${timeoutMs} ms`);
      },
      () => {
        throw new StoreUnavailableError("the store was closed");
      },
    );
    try {
      return await Promise.race([answer, late]);
    } finally {
      timer.abort();
      late.catch(() => undefined);
      answer.catch(() => undefined);
    }
  }
}

/** What the server says about the command itself stays so; whatever is about the connection may pass. */
function isTransient(error: unknown): boolean {
  if (error instanceof StoreUnavailableError) return false;
  return error instanceof ErrorReply ? TRANSIENT.test(error.message) : true;
}

function checkWhole(
  name: string,
  value: number,
  { least, most }: { readonly least: number; readonly most: number },
): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name}: expected a whole number from ${least} to ${most}`);
}
