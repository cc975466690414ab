/** Whom a key let in, by what sidecars wrote down of it. */

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-code.ts";
import { describeFileError } from "../file-error.ts";

export interface BlastRadius {
  /** Acceptances that were written down; a trail with `acceptances: "1/N"` has one in N. */
  readonly acceptances: number;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  /** How many there are; the trail names them by pseudonyms, which `countersign audit` can be asked about. */
  readonly subjects: number;
  readonly clients: number;
  readonly tokens: number;
  readonly instances: readonly string[];
  /** True where there were more than are counted. */
  readonly isCut: boolean;
  /** Lines that are no events: a trail is worth no more than its chain; see `countersign audit verify`. */
  readonly unreadableLines: number;
}

const MAX_DISTINCT = 1_000_000;
const MAX_INSTANCES = 1000;

/** Reads trails line by line. @throws CommandFailure where a file cannot be read. */
export async function measureBlastRadius(files: readonly string[], keyId: string): Promise<BlastRadius> {
  const counter = new Counter(keyId);
  for (const file of files) {
    try {
      const lines = createInterface({ input: createReadStream(file, "utf8"), crlfDelay: Infinity });
      for await (const line of lines) counter.take(line);
    } catch (error) {
      const problem = `the audit file cannot be read: ${describeFileError(error)}`;
      throw new CommandFailure(problem, { exitCode: EXIT.usage });
    }
  }
  return counter.report();
}

class Counter {
  readonly #keyId: string;
  readonly #named: Readonly<Record<"subject" | "client" | "token" | "instance", Set<string>>> = {
    subject: new Set(),
    client: new Set(),
    token: new Set(),
    instance: new Set(),
  };
  #acceptances = 0;
  #firstAt: string | null = null;
  #lastAt: string | null = null;
  #isCut = false;
  #unreadable = 0;

  constructor(keyId: string) {
    this.#keyId = keyId;
  }

  take(line: string): void {
    if (line === "") return;
    const event = readEvent(line);
    if (event === undefined) this.#unreadable += 1;
    if (event?.["event"] !== "token.accepted" || event["keyId"] !== this.#keyId) return;
    this.#acceptances += 1;
    const { time } = event;
    if (typeof time === "string") {
      if (this.#firstAt === null || time < this.#firstAt) this.#firstAt = time;
      if (this.#lastAt === null || time > this.#lastAt) this.#lastAt = time;
    }
    for (const [name, known] of Object.entries(this.#named)) this.#note(known, event[name]);
  }

  #note(known: Set<string>, value: unknown): void {
    if (typeof value !== "string" || known.has(value)) return;
    if (known.size >= MAX_DISTINCT) this.#isCut = true;
    else known.add(value);
  }

  report(): BlastRadius {
    const { subject, client, token, instance } = this.#named;
    return {
      acceptances: this.#acceptances,
      firstAt: this.#firstAt,
      lastAt: this.#lastAt,
      subjects: subject.size,
      clients: client.size,
      tokens: token.size,
      instances: [...instance].slice(0, MAX_INSTANCES).toSorted(),
      isCut: this.#isCut || instance.size > MAX_INSTANCES,
      unreadableLines: this.#unreadable,
    };
  }
}

/** Lines of a trail are records of its chain, and those are events, or notes of the chain itself. */
function readEvent(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
