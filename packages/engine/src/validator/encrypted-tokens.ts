/** Tokens that are encrypted around their signature (RFC 7519 section 5.2, RFC 7516): what is done before they are judged. */

import type { OpenedToken } from "../ports.ts";
import { Refusal } from "../refusal.ts";
import type { JsonObject } from "../token/json-value.ts";
import type { EncryptionRules, JudgedIssuer } from "./judged-issuer.ts";
import { TokenMemory, type TokenMemoryLimits } from "./token-memory.ts";

/** A token that was opened for an issuer, as whose it then has to be judged. */
export interface Unwrapped extends OpenedToken {
  readonly rules: EncryptionRules;
}

/** One refusal for whatever kept a token closed (RFC 7516 section 11.5): which step it was helps attackers only. */
const CLOSED = new Refusal("encryption_unsupported", {
  expected: "a signed token, encrypted to a key and with algorithms that are configured here",
});

const BUSY = new Refusal("overloaded", {
  found: "too many encrypted tokens at a time",
  retryAfterSeconds: 1,
});

const PLAIN = new Refusal("malformed_token", {
  expected: "an encrypted token (five segments), as this issuer's have to be",
  found: "one that is only signed",
});

/** Opens tokens, and remembers the content of those that were accepted and come again. */
export class EncryptedTokens {
  readonly #rules: readonly EncryptionRules[];
  readonly #memory: TokenMemory<Unwrapped> | undefined;

  constructor(rules: readonly EncryptionRules[], limits: TokenMemoryLimits | undefined) {
    this.#rules = rules;
    this.#memory = limits && new TokenMemory(limits);
  }

  /** What is in the token, which nobody has vouched for yet. */
  open(text: string): Unwrapped | Refusal | Promise<Unwrapped | Refusal> {
    const known = this.#memory?.find(text);
    if (known !== undefined) return known;
    const rules = this.#rules.find(({ decrypter }) => decrypter.holdsKeyOf(text));
    if (rules === undefined) return CLOSED;
    return rules.decrypter
      .open(text)
      .then((opened) => (opened === "busy" ? BUSY : opened === undefined ? CLOSED : { ...opened, rules }));
  }

  /** To be told of each token that was accepted. */
  remember(text: string, unwrapped: Unwrapped): void {
    if (this.#memory?.find(text) === undefined && this.#memory?.admits(text) === true) {
      this.#memory.remember(text, unwrapped);
    }
  }
}

/**
 * Whether a token of the issuer may come as it did: opened with that issuer's keys, or plain where that is accepted.
 * Claims that stand in the outer header as well have to be those of the token (RFC 7519 section 5.3).
 */
export function checkWrapping(
  { encryption }: JudgedIssuer,
  { unwrapped, claims }: { readonly unwrapped: Unwrapped | undefined; readonly claims: JsonObject },
): Refusal | undefined {
  if (unwrapped === undefined) return encryption?.plainAccepted === false ? PLAIN : undefined;
  const { rules, header } = unwrapped;
  const isSame = REPLICATED.every(
    (name) => header[name] === undefined || JSON.stringify(header[name]) === JSON.stringify(claims[name]),
  );
  return rules === encryption && isSame ? undefined : CLOSED;
}

const REPLICATED = ["iss", "sub", "aud"] as const;
