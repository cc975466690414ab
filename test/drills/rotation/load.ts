/** Clients with good tokens, all the time, at a pace: what they are answered, and what they should have been. */

import { setTimeout as pause } from "node:timers/promises";
import type { DevIdp } from "@countersign/dev-idp";
import { describeQuestion } from "../revocation/decision-connection.ts";
import type { Instance } from "../revocation/instance.ts";

export interface LoadFigures {
  readonly validations: number;
  /** Of a second, as far as the machine carried it. */
  readonly achievedPerSecond: number;
  readonly wrongRefusals: number;
  /** Times that the identity provider gave out no token. */
  readonly issuingFailures: number;
  /** The first of them: instance, status, kid, age of the token. */
  readonly mistakes: readonly string[];
}

interface GoodToken {
  readonly question: string;
  readonly kid: string;
  readonly expiresAtMs: number;
}

const TICK_MS = 20;
const REFILL_MS = 100;
const KEPT_TOKENS = 12;
const MOST_WAITING = 500;
const MOST_MISTAKES = 10;
/** Of a token that is sent: it must not end on its way. */
const LEAST_LIFE_MS = 300;

export class Load {
  readonly #idp: DevIdp;
  readonly #instances: readonly Instance[];
  readonly #perSecond: number;
  readonly #startedMs = performance.now();
  readonly #mistakes: string[] = [];
  /** Those that stand still are not asked. */
  readonly frozen: Set<Instance> = new Set();
  /** Tokens of these are good no more; what was sent before may be answered either way. */
  readonly revoked: Set<string> = new Set();
  #tokens: readonly GoodToken[] = [];
  #waiting = 0;
  #validations = 0;
  #wrongRefusals = 0;
  #issuingFailures = 0;
  #isStopping = false;
  #next = 0;
  #running: Promise<unknown> | undefined;

  constructor(world: { readonly idp: DevIdp; readonly instances: readonly Instance[] }, perSecond: number) {
    this.#idp = world.idp;
    this.#instances = world.instances;
    this.#perSecond = perSecond;
  }

  async start(): Promise<void> {
    await this.#refill();
    this.#running = Promise.all([this.#keepFilled(), this.#fire()]);
  }

  async stop(): Promise<LoadFigures> {
    this.#isStopping = true;
    await this.#running;
    for (let rest = 0; rest < 200 && this.#waiting > 0; rest += 1) await pause(10);
    const seconds = (performance.now() - this.#startedMs) / 1000;
    return {
      validations: this.#validations,
      achievedPerSecond: Math.round(this.#validations / seconds),
      wrongRefusals: this.#wrongRefusals,
      issuingFailures: this.#issuingFailures,
      mistakes: this.#mistakes,
    };
  }

  async #keepFilled(): Promise<void> {
    while (!this.#isStopping) {
      await this.#refill().catch((error: unknown) => {
        this.#issuingFailures += 1;
        this.#note(`no token: ${String(error)}`);
      });
      await pause(REFILL_MS);
    }
  }

  async #refill(): Promise<void> {
    const response = await fetch(this.#idp.tokenEndpoint, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${this.#idp.clientId}:${this.#idp.clientSecret}`)}` },
      body: new URLSearchParams({ grant_type: "client_credentials", scope: "orders:read" }),
    });
    if (response.status !== 200) throw new Error(`the token endpoint answered ${response.status}`);
    const { access_token: token } = (await response.json()) as { access_token: string };
    const [header, claims] = token.split(".").slice(0, 2).map(readPart);
    const good = {
      question: describeQuestion(token),
      kid: String(header?.["kid"]),
      expiresAtMs: Number(claims?.["exp"]) * 1000,
    };
    this.#tokens = [good, ...this.#tokens].slice(0, KEPT_TOKENS);
  }

  async #fire(): Promise<void> {
    let due = 0;
    let lastMs = performance.now();
    while (!this.#isStopping) {
      await pause(TICK_MS);
      const nowMs = performance.now();
      // What the machine did not carry is not made up for.
      due = Math.min(this.#perSecond / 4, due + ((nowMs - lastMs) / 1000) * this.#perSecond);
      lastMs = nowMs;
      for (; due >= 1; due -= 1) this.#send();
    }
  }

  #send(): void {
    if (this.#waiting >= MOST_WAITING) return;
    const instances = this.#instances.filter((instance) => !this.frozen.has(instance));
    const good = this.#tokens.filter(
      ({ kid, expiresAtMs }) => !this.revoked.has(kid) && Date.now() < expiresAtMs - LEAST_LIFE_MS,
    );
    this.#next += 1;
    const instance = instances[this.#next % instances.length];
    const token = good[Math.floor(this.#next / instances.length) % good.length];
    if (instance === undefined || token === undefined) return;
    this.#waiting += 1;
    instance.ask(token.question).then(
      (status) => this.#judge(status, { instance, token }),
      () => this.#judge(0, { instance, token }),
    );
  }

  #judge(status: number, asked: { readonly instance: Instance; readonly token: GoodToken }): void {
    const { instance, token } = asked;
    this.#waiting -= 1;
    this.#validations += 1;
    if (status === 200) return;
    // It ended while it waited, its key was revoked, or its instance was frozen.
    if (this.revoked.has(token.kid) || this.frozen.has(instance) || Date.now() >= token.expiresAtMs) return;
    this.#wrongRefusals += 1;
    const ageMs = TOKEN_LIFE_MS - (token.expiresAtMs - Date.now());
    this.#note(`${instance.name} ${status}, kid ${token.kid.slice(0, 8)}, ${Math.round(ageMs)} ms old`);
  }

  #note(mistake: string): void {
    if (this.#mistakes.length < MOST_MISTAKES) this.#mistakes.push(mistake);
  }
}

const TOKEN_LIFE_MS = 3000;

function readPart(part: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as Record<string, unknown>;
}
