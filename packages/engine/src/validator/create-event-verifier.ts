/** Judges logout tokens and security event tokens, with the keys, the seam and the bounds that access tokens have. */

import { createTrustedIssuer, type IssuerRules } from "../issuers/trusted-issuer.ts";
import type { KeySource, VerificationKey } from "../keys/key-source.ts";
import { createRemoteKeySet } from "../keys/remote-key-set.ts";
import { createStaticKeySource } from "../keys/static-key-source.ts";
import { Refusal } from "../refusal.ts";
import { type VerifiedEvent, verifyEventSignature } from "../signature/verified-event.ts";
import { createEventChecks, EVENT_TYPES, type EventKind } from "../status/event-checks.ts";
import { parseToken } from "../token/parse-token.ts";
import { type CheckedIssuer, type CheckedOptions, checkOptions } from "./check-options.ts";
import { createRejected } from "./create-rejected.ts";
import { findAllowedAlgorithm, findIssuer } from "./judge.ts";
import { describeLookup, SIGNATURE_INVALID } from "./judge-signature.ts";
import type { JudgedIssuer } from "./judged-issuer.ts";
import type { IssuerOptions, ValidatorOptions } from "./options.ts";
import { runChecks } from "./run-checks.ts";
import type { Rejected } from "./verdict.ts";

/** Whose events are believed. `maxLifetimeSeconds` and `maxAgeSeconds` are as for access tokens. */
export interface EventIssuerOptions
  extends Pick<
    IssuerOptions,
    | "issuer"
    | "name"
    | "algorithms"
    | "keys"
    | "clockToleranceSeconds"
    | "maxLifetimeSeconds"
    | "maxAgeSeconds"
  > {
  /** Any of these must be in `aud`, exactly: the client's id for logout tokens, the receiver's name for others. */
  readonly audiences: readonly string[];
  /** Accepted `typ`; "JWT" admits none too. Default "logout+jwt" or "secevent+jwt", by kind. */
  readonly types?: readonly string[];
}

export interface EventVerifierOptions extends Pick<ValidatorOptions, "clock" | "fetch" | "observer"> {
  readonly kind: EventKind;
  /** At least one; `issuer` and `name` each unique. */
  readonly issuers: readonly EventIssuerOptions[];
  /** `tokenBytes` default 16384. */
  readonly limits?: ValidatorOptions["limits"];
}

export type EventVerdict = { readonly ok: true; readonly event: VerifiedEvent } | Rejected;

export interface EventVerifier {
  /** Never rejects. That an event was not seen before is for the caller to say, by `iss` and `jti`. */
  verify(text: string): Promise<EventVerdict>;
  /** Stops fetching keys; idempotent. */
  close(): Promise<void>;
}

const DEFAULT_EVENT_BYTES = 16_384;

/**
 * Compiles whose events are believed. Make it once: it holds keys and, for remote keys, a timer.
 *
 * @throws ConfigurationError with every problem at once.
 */
export function createEventVerifier(options: EventVerifierOptions): EventVerifier {
  const { kind, limits, ...others } = options;
  const checked = checkOptions({
    ...others,
    limits: { tokenBytes: DEFAULT_EVENT_BYTES, ...limits },
    issuers: options.issuers.map((issuer) => ({ types: EVENT_TYPES[kind], ...issuer })),
  });
  return new CompiledEventVerifier(kind, checked);
}

class CompiledEventVerifier implements EventVerifier {
  readonly #options: CheckedOptions;
  readonly #issuers: ReadonlyMap<string, JudgedIssuer>;

  constructor(kind: EventKind, options: CheckedOptions) {
    this.#options = options;
    this.#issuers = new Map(
      options.issuers.map((issuer) => [issuer.rules.issuer, compileIssuer(kind, issuer, options)]),
    );
  }

  async verify(text: string): Promise<EventVerdict> {
    try {
      return await this.#verify(text);
    } catch {
      return createRejected(new Refusal("internal_error"));
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#issuers.values()].map(({ keys }) => keys.close()));
  }

  async #verify(text: string): Promise<EventVerdict> {
    const { maxTokenBytes: maxBytes, clock } = this.#options;
    const token = parseToken(text, { maxBytes });
    if (token instanceof Refusal) return createRejected(token);
    const issuer = findIssuer(this.#issuers, token.claims);
    if (issuer instanceof Refusal) return createRejected(issuer);
    const algorithm = findAllowedAlgorithm(issuer, token);
    if (algorithm instanceof Refusal) return createRejected(algorithm, issuer);
    const refusal = runChecks(issuer.checks, token, clock);
    if (refusal !== undefined) return createRejected(refusal, issuer);

    const query = { algorithm, keyId: token.header.kid };
    const found = issuer.keys.find(query);
    const lookup = found.kind === "fetch_needed" ? await issuer.keys.resolve(query) : found;
    if (lookup.kind === "refused") return createRejected(describeLookup(lookup), issuer);
    const tryKeys = (keys: readonly VerificationKey[]): ReturnType<typeof verifyEventSignature> =>
      verifyEventSignature({ token, keys, issuer: issuer.name });
    let event = await tryKeys(lookup.keys);
    if (event === undefined) {
      const replacement = await issuer.keys.replacement(query, lookup.keys);
      event = replacement && (await tryKeys(replacement));
    }
    if (event === undefined) return createRejected(SIGNATURE_INVALID, issuer);
    // Fetching keys took time, in which it may have expired.
    const late = runChecks(issuer.timedChecks, token, clock);
    return late === undefined ? { ok: true, event } : createRejected(late, issuer);
  }
}

function compileIssuer(kind: EventKind, issuer: CheckedIssuer, options: CheckedOptions): JudgedIssuer {
  const { rules } = issuer;
  const checks = createEventChecks(kind, { ...rules, audiences: rules.audiences ?? [] });
  return {
    ...createTrustedIssuer(rules, openEventKeys(rules, issuer, options)),
    checks,
    timedChecks: checks.filter(({ dependsOnTime }) => dependsOnTime),
    binding: undefined,
    encryption: undefined,
    clockToleranceSeconds: rules.clockToleranceSeconds,
  };
}

/** The keys of an issuer, as for its access tokens. */
export function openEventKeys(
  rules: IssuerRules,
  { keys }: CheckedIssuer,
  { fetch, clock, observer }: CheckedOptions,
): KeySource {
  if (!("settings" in keys)) return createStaticKeySource(keys);
  return createRemoteKeySet({
    ...rules,
    ...keys,
    fetch,
    clock,
    observer: (event) => tellObserver(event, observer),
  });
}

/** Whoever watches must not change what is decided. */
export function tellObserver(
  event: Parameters<NonNullable<CheckedOptions["observer"]>>[0],
  observer: CheckedOptions["observer"],
): void {
  try {
    observer?.(event);
  } catch {
    // It is watched, no more.
  }
}
