/** The credential that an exchange gives: which exchange a route asks for, and what a refusal there means here. */

import type { Rejected } from "countersign";

import type { FindExchange } from "../config/route-exchange.ts";
import { createRefusal } from "../decision/create-refusal.ts";
import type { IdentityHeader } from "../decision/decision.ts";
import type {
  CredentialQuestion,
  CredentialResult,
  UpstreamCredentials,
} from "../decision/upstream-credentials.ts";
import { BREAKER_PAUSE_MS } from "../oauth-client/guard-endpoint.ts";
import type { RefusalError } from "./ask-token-endpoint.ts";
import type { ExchangeOutcome, Exchanger } from "./create-exchanger.ts";

export interface ExchangeCredentialsSetup {
  readonly exchangers: readonly Exchanger[];
  readonly findExchange: FindExchange;
  /** True where routes without an exchange send the client's token on: then no answer overwrites it there. */
  readonly forwardToken: boolean;
}

const RETRY_SECONDS = 1;
const NONE: CredentialResult = Object.freeze({ ok: true, headers: Object.freeze([]) });

/** Undefined where nothing is exchanged. */
export function createExchangeCredentials(setup: ExchangeCredentialsSetup): UpstreamCredentials | undefined {
  const { exchangers, findExchange, forwardToken } = setup;
  if (exchangers.length === 0) return undefined;
  const byName = new Map(exchangers.map((exchanger) => [exchanger.exchange.name, exchanger]));
  const headers = new Set(exchangers.map(({ exchange }) => nameHeader(exchange)));
  return {
    names: [...headers].filter((name) => !(forwardToken && name === "authorization")),
    obtain(question) {
      const name = findExchange(question.route);
      if (name === undefined) return NONE;
      const exchanger = byName.get(name);
      if (exchanger === undefined) throw new TypeError("a route with an exchange that is not there");
      return obtain(exchanger, question);
    },
  };
}

function obtain(
  exchanger: Exchanger,
  { verdict, token: text }: CredentialQuestion,
): CredentialResult | Promise<CredentialResult> {
  const { issuer: alias, claims, expiresAt } = verdict.token;
  const { exchange } = exchanger;
  // Nobody but its issuer's own endpoint, or one that was named for it, gets to see a token.
  if (!exchange.issuers.includes(alias)) {
    const expected = "an issuer whose tokens are exchanged for this upstream";
    return { ok: false, rejected: createRefusal("policy_denied", { issuer: alias, expected }) };
  }
  const conclude = (outcome: ExchangeOutcome): CredentialResult => {
    if (outcome.kind === "exchanged") {
      const name = nameHeader(exchange);
      const value = name === "authorization" ? `Bearer ${outcome.token.text}` : outcome.token.text;
      return { ok: true, headers: [[name, value] satisfies IdentityHeader] };
    }
    const rejected =
      outcome.kind === "refused" ? refuseByBook(outcome.error, alias) : refuseUnavailable(outcome, alias);
    return { ok: false, rejected };
  };
  const outcome = exchanger.exchangeToken({ text, issuer: claims.iss, expiresAt });
  return outcome instanceof Promise ? outcome.then(conclude) : conclude(outcome);
}

/** A transaction token is no access token and has a header of its own (OAuth Transaction Tokens). */
function nameHeader({ exchange }: Exchanger["exchange"]): "authorization" | "txn-token" {
  return exchange.requestedTokenType === "txn_token" ? "txn-token" : "authorization";
}

const REFUSED: Readonly<Record<Exclude<RefusalError, "invalid_grant">, string>> = {
  // RFC 8693 section 2.2.2: whatever is wrong with the token, or does not please the endpoint.
  invalid_request: "a token that the token endpoint exchanges",
  invalid_target: "a token that the token endpoint exchanges for this upstream",
  invalid_scope: "a token that permits what the upstream asks for",
};

/** What is about the token is the client's to change. A grant that is over is told as that, so that it gets another. */
function refuseByBook(error: RefusalError, issuer: string): Rejected {
  if (error === "invalid_grant") return createRefusal("token_inactive", { issuer });
  return createRefusal("policy_denied", { issuer, expected: REFUSED[error] });
}

function refuseUnavailable(
  { fault, detail }: Extract<ExchangeOutcome, { readonly kind: "unavailable" }>,
  issuer: string,
): Rejected {
  const retryAfterSeconds = fault === "breaker_open" ? BREAKER_PAUSE_MS / 1000 : RETRY_SECONDS;
  const reason = fault === "overloaded" ? "overloaded" : "policy_unavailable";
  return createRefusal(reason, { issuer, found: `token exchange: ${detail}`, retryAfterSeconds });
}
