/** What changes during a soak, each second: new tokens, revocations, and from time to time the key that signs. */

import { setTimeout as pause } from "node:timers/promises";
import type { Sidecar } from "./sidecar.ts";
import type { SoakToken, Tokens } from "./tokens.ts";
import type { Traffic } from "./traffic.ts";

/** Seconds of a turn of keys in which its steps are. What is published is known everywhere well before it signs. */
const PUBLISH_AT = 1;
const ACTIVATE_AT = 6;
const REMOVE_AT = 9;
/** From then on a token of the removed key may not pass. */
const FORGOTTEN_AT = 14;
const TICK_MS = 1000;
const NEW_TOKENS = 20;
const FIRST_TOKENS = 100;
/** From the acknowledgment of a revocation until a worker may accept no more. */
const IN_FORCE_MS = 5000;

export class Changes {
  readonly #sidecar: Sidecar;
  readonly #tokens: Tokens;
  readonly #traffic: Traffic;
  readonly #everySeconds: number;
  #revoked: { readonly token: SoakToken; readonly inForceAtMs: number }[] = [];
  #shown: SoakToken[] = [];
  #leaving: readonly SoakToken[] = [];
  #nextKeyId = "";
  rotations = 0;
  revocations = 0;

  constructor(parts: {
    readonly sidecar: Sidecar;
    readonly tokens: Tokens;
    readonly traffic: Traffic;
    /** Seconds from one turn of keys to the next; at least 15. */
    readonly everySeconds: number;
  }) {
    this.#sidecar = parts.sidecar;
    this.#tokens = parts.tokens;
    this.#traffic = parts.traffic;
    this.#everySeconds = parts.everySeconds;
  }

  /** One after the other, so that nothing is signed by a key while that is taken away. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#tokens.refill(FIRST_TOKENS);
    for (let second = 0; !signal.aborted; second += 1) {
      await this.#tokens.refill(NEW_TOKENS);
      await this.#revoke();
      await this.#turnKeys(second % this.#everySeconds);
      await pause(TICK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Tokens and subjects by turns: a token that passed until now. */
  async #revoke(): Promise<void> {
    const good = await this.#tokens.sign();
    await Promise.all([this.#traffic.ask(good, 0), this.#traffic.ask(good, 1)]);
    const { token, subject } = good;
    const revoked: SoakToken = { ...good, className: "revoked", deserved: "either" };
    const target = { kind: "subject", issuer: "soak", value: subject };
    await this.#sidecar.revoke(this.revocations % 2 === 0 ? { token } : { target });
    this.revocations += 1;
    const nowMs = performance.now();
    this.#revoked.push({ token: revoked, inForceAtMs: nowMs + IN_FORCE_MS });
    const due = this.#revoked.filter(({ inForceAtMs }) => inForceAtMs <= nowMs);
    this.#revoked = this.#revoked.filter(({ inForceAtMs }) => inForceAtMs > nowMs);
    for (const each of due) {
      // Its key may have gone meanwhile: what was signed by the one before is asked about that first.
      if (each.token.deserved === "either") each.token.deserved = "refuse";
      this.#tokens.add(each.token);
      this.#shown.push(each.token);
    }
  }

  async #turnKeys(second: number): Promise<void> {
    const { issuer } = this.#sidecar;
    if (second === PUBLISH_AT) this.#nextKeyId = await issuer.rotate("ES256", { publishOnly: true });
    if (second === ACTIVATE_AT) await this.#activate();
    if (second === REMOVE_AT) this.#remove();
    if (second === FORGOTTEN_AT) this.#showRemoved();
  }

  async #activate(): Promise<void> {
    this.#leaving = this.#tokens.takeValid();
    this.#sidecar.issuer.activate(this.#nextKeyId);
    await this.#tokens.refill(FIRST_TOKENS);
  }

  #remove(): void {
    const [old] = this.#sidecar.issuer.jwks().keys;
    if (typeof old?.["kid"] !== "string") throw new Error("there is no key to take away");
    this.#sidecar.issuer.removeKey(old["kid"]);
    for (const token of this.#leaving) token.deserved = "either";
    // The key is looked at before revocations are.
    for (const token of [...this.#shown.splice(0), ...this.#revoked.map((each) => each.token)])
      token.deserved = "refuse or wait";
  }

  #showRemoved(): void {
    for (const token of this.#leaving)
      this.#tokens.add({ ...token, className: "removed key", deserved: "refuse or wait" });
    this.#leaving = [];
    this.rotations += 1;
  }
}
