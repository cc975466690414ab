/** From the question to the API until the last instance refuses, again and again. */

import { setTimeout as pause } from "node:timers/promises";
import type { TestIssuer } from "countersign/testing";
import { describeQuestion } from "./decision-connection.ts";
import type { Instance } from "./instance.ts";

export interface Latencies {
  readonly revocations: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface Measured extends Latencies {
  /** Tokens that an instance accepted after it had said that their revocation was in force there. */
  readonly acceptedAfterAck: number;
}

const LONGEST_MS = 60_000;
const CHECKED_TOKENS = 100;
/** How often one that still accepts is asked; what is measured may be too long by so much, and never too short. */
const POLL_MS = 10;
let lastToken = 0;

export class Book {
  readonly #issuer: TestIssuer;
  readonly revoked: string[] = [];
  position = 0;

  constructor(issuer: TestIssuer) {
    this.#issuer = issuer;
  }

  sign(): Promise<string> {
    lastToken += 1;
    return this.#issuer.sign({
      sub: "drill",
      jti: `drill-${lastToken}`,
      iat: Math.floor(Date.now() / 1000) - 130,
    });
  }

  /** Revokes a token by one instance; resolves when it is acknowledged. */
  async revoke(token: string, by: Instance): Promise<void> {
    const { status, text } = await by.api("/revocations", { token, reason: "drill" });
    if (status !== 201 && status !== 200) throw new Error(`the API answered ${status}: ${text}`);
    this.position = Math.max(this.position, (JSON.parse(text) as { position: number }).position);
    this.revoked.push(token);
  }
}

/** How long each of so many took until the last of the instances refused. */
export async function measure(
  book: Book,
  {
    count,
    by,
    instances,
  }: { readonly count: number; readonly by: readonly Instance[]; readonly instances: readonly Instance[] },
): Promise<Latencies> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const token = await book.sign();
    const question = describeQuestion(token);
    const first = await Promise.all(instances.map((instance) => instance.ask(question)));
    if (first.some((status) => status !== 200))
      throw new Error(`a good token was answered ${first.join(" ")}`);
    const startedMs = performance.now();
    const revoker = by[index % by.length];
    if (revoker === undefined) throw new Error("nobody revokes");
    await book.revoke(token, revoker);
    await awaitRefusal(token, instances);
    times.push(performance.now() - startedMs);
  }
  return summarize(times);
}

/**
 * Asks each that still accepts every few milliseconds, and none for another's sake: asking without a pause would take the
 * cores from those who are to learn of the revocation.
 */
export async function awaitRefusal(token: string, instances: readonly Instance[]): Promise<void> {
  const deadline = performance.now() + LONGEST_MS;
  const question = describeQuestion(token);
  const awaitOne = async (instance: Instance): Promise<void> => {
    while ((await instance.ask(question)) === 200) {
      if (performance.now() > deadline) throw new Error(`${instance.name} accepts what was revoked`);
      await pause(POLL_MS);
    }
  };
  await Promise.all(instances.map(awaitOne));
}

/** Waits until every instance says that it has applied all, then counts what is accepted all the same. */
export async function countAccepted(book: Book, instances: readonly Instance[]): Promise<number> {
  await awaitAcknowledged(book, instances);
  const sample = book.revoked.slice(-CHECKED_TOKENS);
  let accepted = 0;
  for (const token of sample) {
    const question = describeQuestion(token);
    const statuses = await Promise.all(instances.map((instance) => instance.ask(question)));
    accepted += statuses.filter((status) => status === 200).length;
  }
  return accepted;
}

async function awaitAcknowledged(book: Book, instances: readonly Instance[]): Promise<void> {
  const deadline = performance.now() + LONGEST_MS;
  for (;;) {
    const behind = await listBehind(book, instances);
    if (behind.length === 0) return;
    if (performance.now() > deadline) throw new Error(`not acknowledged by ${behind.join(", ")}`);
    await pause(50);
  }
}

/** Those of the instances that do not say that they have applied all. */
export async function listBehind(book: Book, instances: readonly Instance[]): Promise<readonly string[]> {
  const { status, text } = await (instances[0] as Instance).api("/instances");
  if (status !== 200) return instances.map(({ name }) => name);
  const { instances: known } = JSON.parse(text) as { instances: readonly { id: string; position: number }[] };
  const applied = new Set(known.filter(({ position }) => position >= book.position).map(({ id }) => id));
  return instances.map(({ name }) => name).filter((name) => !applied.has(name));
}

function summarize(times: readonly number[]): Latencies {
  const sorted = times.toSorted((left, right) => left - right);
  const at = (share: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { revocations: times.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: round(sorted.at(-1) ?? 0) };
}

export function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
