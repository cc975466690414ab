/** Clients of every kind at a pace, on kept connections to both workers: what they are answered, and what was deserved. */

import { setTimeout as pause } from "node:timers/promises";
import { DecisionConnection } from "../revocation/decision-connection.ts";
import { type Judgment, judgeAnswer } from "./judge.ts";
import { CLASSES, type ClassName, type SoakToken, type Tokens } from "./tokens.ts";

export interface TrafficFigures {
  /** Those of the warm-up too; they are judged as well. */
  readonly answers: number;
  readonly perSecond: number;
  /** By class; of each how many were judged. */
  readonly judged: Readonly<Record<ClassName, number>>;
  /** What changed while they were on their way. */
  readonly notJudged: number;
  readonly wronglyAccepted: number;
  readonly wronglyRefused: number;
  /** Neither: an answer that nobody should get, or a connection that was closed. */
  readonly wrongAnswers: number;
  readonly unanswered: number;
  /** The first of what was wrong: class and status. */
  readonly mistakes: readonly string[];
}

/** Each on a worker in turn. */
const CONNECTIONS = 8;
const TICK_MS = 20;
const MOST_WAITING = 400;
const MOST_MISTAKES = 10;
const LONGEST_REST_MS = 20_000;
/** The primary hands connections out in turn; each token is shown to each worker twice by four. */
const FILLING_CONNECTIONS = 4;
const VALID_TURNS = 13;
/** By turns, so that every run sends the same. Their number has no divisor in common with that of the connections. */
const TURNS: readonly ClassName[] = [
  ...CLASSES.filter((name) => name !== "valid"),
  ...Array.from({ length: VALID_TURNS }, (): ClassName => "valid"),
];

export class Traffic {
  readonly #tokens: Tokens;
  readonly #connections: readonly DecisionConnection[];
  readonly #counts: Record<Judgment, number> = {
    right: 0,
    "not judged": 0,
    "wrongly accepted": 0,
    "wrongly refused": 0,
    "wrong answer": 0,
  };
  readonly #judged = Object.fromEntries(CLASSES.map((name) => [name, 0])) as Record<ClassName, number>;
  readonly #mistakes: string[] = [];
  #waiting = 0;
  #turn = 0;
  #isStopping = false;
  #running: Promise<unknown> | undefined;
  #startedMs = 0;
  #answersBefore = 0;

  constructor(tokens: Tokens, decision: string) {
    this.#tokens = tokens;
    this.#connections = Array.from({ length: CONNECTIONS }, () => new DecisionConnection(decision));
  }

  get answers(): number {
    return Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
  }

  start(perSecond: number): void {
    this.#startedMs = performance.now();
    this.#answersBefore = this.answers;
    this.#running = this.#fire(perSecond);
  }

  /** Asks on a connection, by its number, and judges the answer. */
  async ask(token: SoakToken, connection: number): Promise<void> {
    const asked = token.deserved;
    this.#waiting += 1;
    const status = await (
      this.#connections[connection % CONNECTIONS]?.ask(token.question) ?? Promise.resolve(0)
    ).catch(() => 0);
    this.#waiting -= 1;
    const judgment = judgeAnswer(status, { asked, answered: token.deserved });
    this.#counts[judgment] += 1;
    if (judgment === "not judged") return;
    this.#judged[token.className] += 1;
    if (judgment === "right" || this.#mistakes.length >= MOST_MISTAKES) return;
    this.#mistakes.push(`${token.className} (${asked}): ${status === 0 ? "no answer" : status}`);
  }

  /** Shows each of the tokens to each worker twice: what comes for the second time is remembered. */
  async askEverywhere(tokens: readonly SoakToken[]): Promise<void> {
    const work = Array.from({ length: FILLING_CONNECTIONS }, async (_, connection) => {
      for (const token of tokens) await this.ask(token, connection);
    });
    await Promise.all(work);
  }

  async stop(): Promise<TrafficFigures> {
    this.#isStopping = true;
    await this.#running;
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const deadline = performance.now() + LONGEST_REST_MS;
    while (this.#waiting > 0 && performance.now() < deadline) await pause(10);
    const unanswered = this.#waiting;
    for (const connection of this.#connections) connection.close();
    const counts = this.#counts;
    return {
      answers: this.answers,
      perSecond: Math.round((this.answers - this.#answersBefore) / seconds),
      judged: this.#judged,
      notJudged: counts["not judged"],
      wronglyAccepted: counts["wrongly accepted"],
      wronglyRefused: counts["wrongly refused"],
      wrongAnswers: counts["wrong answer"],
      unanswered,
      mistakes: this.#mistakes,
    };
  }

  async #fire(perSecond: number): Promise<void> {
    let due = 0;
    let lastMs = performance.now();
    while (!this.#isStopping) {
      await pause(TICK_MS);
      const nowMs = performance.now();
      // What the machine did not carry is not made up for.
      due = Math.min(perSecond / 4, due + ((nowMs - lastMs) / 1000) * perSecond);
      lastMs = nowMs;
      for (; due >= 1; due -= 1) this.#send();
    }
  }

  #send(): void {
    if (this.#waiting >= MOST_WAITING) return;
    this.#turn += 1;
    const token = this.#tokens.next(TURNS[this.#turn % TURNS.length] ?? "valid");
    if (token === undefined) return;
    this.ask(token, this.#turn).catch(() => {
      this.#counts["wrong answer"] += 1;
    });
  }
}
