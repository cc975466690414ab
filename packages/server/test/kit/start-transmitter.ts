/** A transmitter of security events that are polled (RFC 8936), with faults. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * What happens to a poll: a status, "reset" (cut before anything is heard), "deaf" (heard, and the answer is lost),
 * "silent" (never answered), or an answer of this text.
 */
export type PollFaultKind = number | "reset" | "deaf" | "silent" | { readonly text: string };

export interface PollBody {
  readonly maxEvents?: number;
  readonly returnImmediately?: boolean;
  readonly ack?: readonly string[];
  readonly setErrs?: Readonly<Record<string, { readonly err: string; readonly description: string }>>;
}

export interface Transmitter {
  readonly endpoint: string;
  /** Every poll that was heard. */
  readonly polls: readonly PollBody[];
  /** `jti` of events that were acknowledged, in order, as often as they were. */
  readonly acknowledged: readonly string[];
  readonly refused: ReadonlyMap<string, string>;
  /** Events that were not told about yet. */
  readonly pending: readonly string[];
  add(jti: string, text: string): void;
  /** One for each of the next polls. */
  fail(...faults: readonly PollFaultKind[]): void;
  /** Stops listening, with what is connected; `open` listens again at the same port. */
  close(): Promise<void>;
  open(): Promise<void>;
}

export interface TransmitterSetup {
  readonly authorization: string;
  /** How long a long poll is held. Default 60000. */
  readonly holdMs?: number;
  readonly retryAfter?: string;
}

export async function startTransmitter(setup: TransmitterSetup): Promise<Transmitter> {
  const transmitter = new PolledTransmitter(setup);
  await transmitter.open();
  return transmitter;
}

class PolledTransmitter implements Transmitter {
  readonly polls: PollBody[] = [];
  readonly acknowledged: string[] = [];
  readonly refused = new Map<string, string>();
  readonly #setup: TransmitterSetup;
  readonly #events = new Map<string, string>();
  readonly #held = new Set<() => void>();
  #faults: PollFaultKind[] = [];
  #server = createServer();
  #port = 0;

  constructor(setup: TransmitterSetup) {
    this.#setup = setup;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}/poll`;
  }

  get pending(): readonly string[] {
    return [...this.#events.keys()];
  }

  add(jti: string, text: string): void {
    this.#events.set(jti, text);
    for (const release of this.#held) release();
  }

  fail(...faults: readonly PollFaultKind[]): void {
    this.#faults = [...faults];
  }

  async open(): Promise<void> {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => this.#server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const release of this.#held) release();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const fault = this.#faults.shift();
    if (fault === "reset") return void response.destroy();
    if (typeof fault === "number") {
      const { retryAfter } = this.#setup;
      return void response.writeHead(fault, retryAfter ? { "retry-after": retryAfter } : {}).end();
    }
    const isKnown = request.headers.authorization === this.#setup.authorization;
    if (!isKnown || request.method !== "POST" || request.headers["content-type"] !== "application/json") {
      return void response.writeHead(401).end();
    }
    const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as PollBody;
    this.#hear(body);
    if (fault === "silent") return;
    if (fault === "deaf") return void response.destroy();
    if (fault !== undefined) return answerJson(response, fault.text);
    const { maxEvents = 100, returnImmediately = false } = body;
    if (!returnImmediately && this.#events.size === 0) await this.#hold(response);
    const sets = Object.fromEntries([...this.#events].slice(0, maxEvents));
    answerJson(response, JSON.stringify({ sets, moreAvailable: this.#events.size > maxEvents }));
  }

  #hear(body: PollBody): void {
    this.polls.push(body);
    for (const jti of body.ack ?? []) {
      this.acknowledged.push(jti);
      this.#events.delete(jti);
    }
    for (const [jti, { err }] of Object.entries(body.setErrs ?? {})) {
      this.refused.set(jti, err);
      this.#events.delete(jti);
    }
  }

  #hold(response: ServerResponse): Promise<void> {
    return new Promise((resolve) => {
      const release = (): void => {
        clearTimeout(timer);
        this.#held.delete(release);
        resolve();
      };
      const timer = setTimeout(release, this.#setup.holdMs ?? 60_000);
      this.#held.add(release);
      response.on("close", release);
    });
  }
}

function answerJson(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "application/json" }).end(text);
}
