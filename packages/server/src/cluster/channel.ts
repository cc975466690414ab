/**
 * One end of the channel between the primary and a worker: topics with handlers, questions with answers. Nothing is
 * queued for a peer that does not read: what is newest of a state waits, all else is dropped or refused, and told so.
 */

import type { ToldFailure, Topic } from "./messages.ts";
import { failureFrom, tellFailure } from "./told-failure.ts";

/** Topics by name. */
type Topics<T> = { readonly [Name in keyof T]: Topic<unknown, unknown> };

/** What answers each topic. What it throws is told to whoever asked. */
export type Handlers<T extends Topics<T>> = {
  readonly [Name in keyof T]: (body: T[Name]["body"]) => T[Name]["answer"] | Promise<T[Name]["answer"]>;
};

/** What carries messages: a process's own end, or a worker's. */
export interface Wire {
  /** Calls `done` once the system has taken the message, or with why it did not. May throw where it is closed. */
  send(message: unknown, done: (error: Error | null) => void): void;
}

type Message =
  | { readonly kind: "tell"; readonly topic: string; readonly body: unknown }
  | { readonly kind: "ask"; readonly topic: string; readonly id: number; readonly body: unknown }
  | { readonly kind: "reply"; readonly id: number; readonly answer: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly failure: ToldFailure };

interface Question {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** Most messages that the system has not taken yet. */
export const MAX_UNSENT = 32;
/** Most questions without an answer, and most that are being answered. */
export const MAX_QUESTIONS = 1024;

/** The peer did not answer, or does not take messages. */
export class ChannelError extends Error {
  override readonly name = "ChannelError";
  /** Tells it apart from what the system refuses. */
  readonly code = "ERR_WORKER";
}

export class Channel<Out extends Topics<Out>, In extends Topics<In>> {
  readonly #wire: Wire;
  readonly #handlers: Handlers<In>;
  readonly #questions = new Map<number, Question>();
  /** The newest of each state that waits for room. */
  readonly #states = new Map<string, Message>();
  #unsent = 0;
  #answering = 0;
  #lastId = 0;
  #isClosed = false;

  constructor(wire: Wire, handlers: Handlers<In>) {
    this.#wire = wire;
    this.#handlers = handlers;
  }

  /** Whether the peer does not keep up: then nothing but states can be said. */
  get isFull(): boolean {
    return this.#isClosed || this.#unsent >= MAX_UNSENT || this.#states.size > 0;
  }

  /** Tells without an answer. False where there was no room: it is dropped. */
  tell<Name extends keyof Out & string>(topic: Name, body: Out[Name]["body"]): boolean {
    if (this.isFull) return false;
    this.#send({ kind: "tell", topic, body });
    return true;
  }

  /** Tells what replaces all that was told of the same `name` before; where there is no room, it waits. */
  tellState<Name extends keyof Out & string>(topic: Name, name: string, body: Out[Name]["body"]): void {
    if (this.#isClosed) return;
    const message: Message = { kind: "tell", topic, body };
    if (this.isFull) this.#states.set(`${topic} ${name}`, message);
    else this.#send(message);
  }

  /** Rejects with a ChannelError where no answer comes in time, and with what the peer's handler threw. */
  ask<Name extends keyof Out & string>(
    topic: Name,
    body: Out[Name]["body"],
    timeoutMs: number,
  ): Promise<Out[Name]["answer"]> {
    if (this.isFull || this.#questions.size >= MAX_QUESTIONS) {
      return Promise.reject(new ChannelError(`no room for the question "${topic}"`));
    }
    const id = ++this.#lastId;
    return new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#questions.delete(id);
        reject(new ChannelError(`no answer to "${topic}" within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#questions.set(id, { resolve, reject, timer });
      this.#send({ kind: "ask", topic, id, body });
    });
  }

  /** Takes a message of the peer; what is none of ours is ignored. */
  receive(value: unknown): void {
    const message = value as Message | null;
    switch (message?.kind) {
      case "tell":
        this.#handle(message).catch(() => undefined);
        return;
      case "ask":
        this.#answer(message);
        return;
      case "reply":
        this.#settle(message.id)?.resolve(message.answer);
        return;
      case "failed":
        this.#settle(message.id)?.reject(failureFrom(message.failure));
        return;
      default:
        return;
    }
  }

  /** Ends all questions; nothing is said any more. */
  close(): void {
    this.#isClosed = true;
    this.#states.clear();
    for (const id of this.#questions.keys()) {
      this.#settle(id)?.reject(new ChannelError("the other process has ended"));
    }
  }

  #answer({ id, ...message }: Extract<Message, { kind: "ask" }>): void {
    if (this.#answering >= MAX_QUESTIONS) return;
    this.#answering++;
    this.#handle(message)
      .then(
        (answer): Message => ({ kind: "reply", id, answer }),
        (error: unknown): Message => ({ kind: "failed", id, failure: tellFailure(error) }),
      )
      .then((reply) => {
        this.#answering--;
        // Whoever asked does not read: it will have waited in vain.
        if (!this.isFull) this.#send(reply);
      })
      .catch(() => undefined);
  }

  async #handle({ topic, body }: { readonly topic: string; readonly body: unknown }): Promise<unknown> {
    const handlers = this.#handlers as Readonly<Record<string, (body: unknown) => unknown>>;
    if (!Object.hasOwn(handlers, topic)) throw new ChannelError(`no such topic: ${topic}`);
    return handlers[topic]?.(body);
  }

  #settle(id: number): Question | undefined {
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    clearTimeout(question?.timer);
    return question;
  }

  #send(message: Message): void {
    this.#unsent++;
    const done = (): void => {
      this.#unsent--;
      this.#sendStates();
    };
    try {
      this.#wire.send(message, done);
    } catch {
      // Closed meanwhile: whoever waits for an answer is told by `close`.
      this.#unsent--;
    }
  }

  #sendStates(): void {
    for (const [name, message] of this.#states) {
      if (this.#isClosed || this.#unsent >= MAX_UNSENT) return;
      this.#states.delete(name);
      this.#send(message);
    }
  }
}
