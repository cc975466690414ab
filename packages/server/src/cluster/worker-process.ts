/** A worker as its primary sees it: a process, a channel, and how far it has come. */

import type { Worker } from "node:cluster";

import type { Handlers } from "./channel.ts";
import { Channel, ChannelError } from "./channel.ts";
import type { PrimaryTopics, WorkerTopics } from "./messages.ts";

/** "serving": told to take connections. "stopping": told to end. */
export type WorkerState = "starting" | "serving" | "stopping" | "gone";

/** What the primary does about what a worker says. */
export type WorkerListener = {
  readonly [Name in keyof Omit<PrimaryTopics, "hello" | "closed">]: (
    worker: WorkerProcess,
    body: PrimaryTopics[Name]["body"],
  ) => PrimaryTopics[Name]["answer"] | Promise<PrimaryTopics[Name]["answer"]>;
};

const HELLO_TIMEOUT_MS = 30_000;
/** From the last word to the end of the process. */
const EXIT_TIMEOUT_MS = 2000;
/** Seconds without a word after which a worker no longer counts as one that answers. */
const SILENT_SECONDS = 5;

export class WorkerProcess {
  readonly #worker: Worker;
  readonly #hello: Promise<void>;
  readonly channel: Channel<WorkerTopics, PrimaryTopics>;
  /** Resolves when the process has ended, to how. */
  readonly ended: Promise<string>;
  /** Resolves once it accepts no connections any more. */
  readonly unheard: Promise<void>;
  /** Waits until those that stop with it are unheard too. */
  awaitOthers: () => Promise<unknown> = () => Promise.resolve();
  readonly startedAt: number = performance.now();
  state: WorkerState = "starting";
  /** Whether its end is ours. */
  wasToldToEnd = false;
  /** Why it was killed, where we did. */
  killedFor: "silent" | "failed" | undefined;
  /** Up to this position of the feed it has applied all revocations. */
  appliedPosition = 0;
  /** Seconds of the primary in which it said nothing. */
  silentSeconds = 0;

  constructor(worker: Worker, listener: WorkerListener) {
    this.#worker = worker;
    let sayHello = (): void => undefined;
    this.#hello = new Promise((resolve) => {
      sayHello = resolve;
    });
    let tellClosed = (): void => undefined;
    const closed = new Promise<void>((resolve) => {
      tellClosed = resolve;
    });
    const handlers: Handlers<PrimaryTopics> = {
      hello: () => {
        sayHello();
        return undefined;
      },
      closed: async () => {
        tellClosed();
        await this.awaitOthers();
        return undefined;
      },
      askKeys: (body) => listener.askKeys(this, body),
      askStatusList: (body) => listener.askStatusList(this, body),
      recordUses: (body) => listener.recordUses(this, body),
      signAssertions: (body) => listener.signAssertions(this, body),
      readAssertionKeys: (body) => listener.readAssertionKeys(this, body),
      readFeed: (body) => listener.readFeed(this, body),
      awaitFeed: (body) => listener.awaitFeed(this, body),
      report: (body) => listener.report(this, body),
      decisions: (body) => listener.decisions(this, body),
      audit: (body) => listener.audit(this, body),
      log: (body) => listener.log(this, body),
    };
    const send = (message: unknown, done: (error: Error | null) => void): void =>
      void worker.send(message as object, done);
    this.channel = new Channel<WorkerTopics, PrimaryTopics>({ send }, handlers);
    worker.on("message", (message: unknown) => {
      this.silentSeconds = 0;
      this.channel.receive(message);
    });
    worker.on("error", () => undefined);
    this.ended = awaitEnd(worker).then((how) => {
      this.state = "gone";
      this.channel.close();
      return how;
    });
    this.unheard = Promise.race([closed, this.ended]).then(() => undefined);
  }

  get id(): number {
    return this.#worker.id;
  }

  get pid(): number | undefined {
    return this.#worker.process.pid;
  }

  /** Whether it takes connections and has said something of late. */
  get isAnswering(): boolean {
    return this.state === "serving" && this.silentSeconds <= SILENT_SECONDS;
  }

  get livedMs(): number {
    return performance.now() - this.startedAt;
  }

  /** Resolves when it listens to its channel. @throws ChannelError where it never does. */
  async started(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new ChannelError(`a worker did not start within ${HELLO_TIMEOUT_MS / 1000} s`)),
        HELLO_TIMEOUT_MS,
      );
    });
    const ended = this.ended.then((how) => {
      throw new ChannelError(`a worker ended while it started (${how})`);
    });
    try {
      await Promise.race([this.#hello, late, ended]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it at once, whatever it does. */
  kill(cause: "silent" | "failed" | undefined): void {
    this.killedFor ??= cause;
    this.#worker.process.kill("SIGKILL");
  }

  /** Ends what never took a connection. */
  async abandon(): Promise<void> {
    this.state = "stopping";
    this.wasToldToEnd = true;
    this.kill(undefined);
    await this.ended;
  }

  /** Lets requests in flight finish, and ends it where that takes longer than `timeoutMs`. */
  async stop(timeoutMs: number): Promise<void> {
    if (this.state === "gone") return;
    this.state = "stopping";
    this.wasToldToEnd = true;
    try {
      await this.channel.ask("stop", {}, timeoutMs);
      // It ends itself once its channel is closed.
      if (this.#worker.isConnected()) this.#worker.process.disconnect();
    } catch {
      this.kill(undefined);
    }
    const timer = setTimeout(() => this.kill(undefined), EXIT_TIMEOUT_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

/** How a process ends, or that there never was one. */
function awaitEnd({ process: child }: Worker): Promise<string> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    // Also told of messages that could not be sent, which end nothing.
    child.on("error", (error) => {
      if (child.pid === undefined) resolve(error.message);
    });
  });
}
