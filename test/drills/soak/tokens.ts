/** Tokens of every class that the soak sends, with what each deserves at this moment. */

import type { TestIssuer } from "countersign/testing";
import { createForger, damageSignature, tamper } from "../../kit/forge-tokens.ts";
import { describeQuestion } from "../revocation/decision-connection.ts";
import type { Deserved } from "./judge.ts";
import { TOKEN_SECONDS } from "./sidecar.ts";

export const CLASSES = [
  "valid",
  "expired",
  "wrong audience",
  "tampered",
  "random kid",
  "revoked",
  "removed key",
] as const;
export type ClassName = (typeof CLASSES)[number];

export interface SoakToken {
  readonly token: string;
  readonly question: string;
  readonly className: ClassName;
  /** At this moment: keys go, and tokens are revoked. */
  deserved: Deserved;
  /** From then on it is not sent any more. */
  readonly retireAtMs: number;
}

/** Of those that are in turn. */
const KEPT_VALID = 200;
const KEPT_REFUSED = 40;
/** A token that is sent must not end on its way. */
const LEAST_LIFE_MS = 15_000;
const PAST_SECONDS = 120;

export class Tokens {
  readonly #issuer: TestIssuer;
  readonly #forge = createForger();
  readonly #pools = new Map<ClassName, SoakToken[]>(CLASSES.map((name) => [name, []]));
  #next = 0;
  #serial = 0;

  constructor(issuer: TestIssuer) {
    this.#issuer = issuer;
  }

  /** A good token, of a subject of its own; in no turn yet. */
  async sign(): Promise<SoakToken & { readonly subject: string }> {
    this.#serial += 1;
    const subject = `user-${this.#serial}`;
    const exp = Math.floor(Date.now() / 1000) + TOKEN_SECONDS;
    const token = await this.#issuer.sign({ sub: subject, exp });
    return Object.assign(describeToken(token, { className: "valid", deserved: "accept" }), { subject });
  }

  /** Signs new ones with the key of now, so many of them good. */
  async refill(count: number): Promise<void> {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const exp = nowSeconds - PAST_SECONDS;
    const [expired, foreign] = await Promise.all([
      this.#issuer.sign({ iat: exp - TOKEN_SECONDS, exp }),
      this.#issuer.sign({ aud: "https://other.countersign.test", exp: nowSeconds + TOKEN_SECONDS }),
    ]);
    this.add(describeToken(expired, { className: "expired", deserved: "refuse" }));
    this.add(describeToken(foreign, { className: "wrong audience", deserved: "refuse" }));
    for (const good of await Promise.all(Array.from({ length: count }, () => this.sign()))) this.add(good);
  }

  add(token: SoakToken): void {
    const pool = this.#pool(token.className);
    pool.push(token);
    if (pool.length > (token.className === "valid" ? KEPT_VALID : KEPT_REFUSED)) pool.shift();
  }

  /** Takes all good ones out of turn. */
  takeValid(): readonly SoakToken[] {
    return this.#pool("valid").splice(0);
  }

  /** The next of a class, or of the good ones where there is none; undefined where there is none of these either. */
  next(className: ClassName): SoakToken | undefined {
    this.#next += 1;
    if (className === "tampered" || className === "random kid") return this.spoil(className);
    return this.#take(className) ?? this.#take("valid");
  }

  /** A new bad one, made from a good one. */
  spoil(className: "tampered" | "random kid"): SoakToken | undefined {
    const good = this.#take("valid");
    if (good === undefined) return undefined;
    const { retireAtMs } = good;
    if (className === "random kid") {
      const token = this.#forge(good.token, crypto.randomUUID());
      return { token, question: describeQuestion(token), className, deserved: "refuse or wait", retireAtMs };
    }
    const token = this.#next % 2 === 0 ? tamper(good.token) : damageSignature(good.token);
    return {
      token,
      question: describeQuestion(token),
      className,
      // Where its key goes while it is on its way, nobody looks at its signature.
      get deserved(): Deserved {
        return good.deserved === "accept" ? "refuse" : "refuse or wait";
      },
      retireAtMs,
    };
  }

  #take(className: ClassName): SoakToken | undefined {
    const pool = this.#pool(className);
    const nowMs = Date.now();
    while (pool[0] !== undefined && pool[0].retireAtMs <= nowMs) pool.shift();
    return pool[this.#next % pool.length];
  }

  #pool(className: ClassName): SoakToken[] {
    const pool = this.#pools.get(className);
    if (pool === undefined) throw new Error(`no class ${className}`);
    return pool;
  }
}

function describeToken(
  token: string,
  { className, deserved }: { readonly className: ClassName; readonly deserved: Deserved },
): SoakToken {
  const retireAtMs = Date.now() + TOKEN_SECONDS * 1000 - LEAST_LIFE_MS;
  return { token, question: describeQuestion(token), className, deserved, retireAtMs };
}
