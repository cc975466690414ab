/** The `WWW-Authenticate` header of a refusal: RFC 6750 section 3, RFC 9449 section 7.1, RFC 9470 section 3, RFC 9728 section 5.1. */

import type { ReasonName } from "../reasons.ts";
import { REASONS } from "../reasons.ts";
import type { Rejected } from "../validator/verdict.ts";
import type { ChallengeAttributes } from "./challenge-attributes.ts";
import { formatAttributes } from "./challenge-attributes.ts";
import type { TokenScheme } from "./extract-bearer.ts";

/**
 * What a challenge says besides the error. All of it comes from configuration, never from a token.
 * A value that the grammar cannot carry is left out, so that an answer is always given;
 * `checkChallengeOptions` tells of it at start.
 */
export interface ChallengeOptions {
  /** Protection space, printable ASCII. Default none. */
  readonly realm?: string;
  /** The scheme that the request used; the error is told there. Default "Bearer". */
  readonly scheme?: TokenScheme;
  /** URL of the protected resource metadata (RFC 9728). */
  readonly resourceMetadata?: string;
  /** The scopes that the route demands: a list, or one space-delimited text. Not told where a policy denies. */
  readonly scope?: string | readonly string[];
  /** Authentication contexts that satisfy the route; told for `step_up_required` only (RFC 9470). */
  readonly acrValues?: string | readonly string[];
  /** Oldest authentication in whole seconds that satisfies the route; told for `step_up_required` only. */
  readonly maxAgeSeconds?: number;
  /** Algorithms of DPoP proofs that are accepted. Given, DPoP is offered beside Bearer. */
  readonly dpopAlgorithms?: readonly string[];
  /** Offers DPoP only, for resources that refuse tokens without proof of possession. Default false. */
  readonly dpopRequired?: boolean;
}

/**
 * Creates the value of `WWW-Authenticate` for a refusal, or undefined for a system fault.
 * Without credentials it carries no error (RFC 6750 section 3.1). The text follows from the reason's row in
 * `REASONS` and from `options` only, and is the same for `key_unknown`, `key_unsuitable` and `signature_invalid`.
 * Never throws; the value is printable ASCII in one line.
 */
export function createChallenge(rejected: Rejected, options: ChallengeOptions = {}): string | undefined {
  const { reason } = rejected;
  if (REASONS[reason].fault === "system") return undefined;
  const used = chooseScheme(reason, options);
  return offeredSchemes(used, options)
    .map((scheme) => {
      const tellsError = scheme === used || reason === "malformed_request";
      const attributes = formatAttributes(collectAttributes({ reason, scheme, tellsError }, options));
      return attributes === "" ? scheme : `${scheme} ${attributes}`;
    })
    .join(", ");
}

function chooseScheme(reason: ReasonName, options: ChallengeOptions): TokenScheme {
  const { challengeError } = REASONS[reason];
  const aboutProof = challengeError === "invalid_dpop_proof" || challengeError === "use_dpop_nonce";
  return aboutProof || options.dpopRequired === true ? "DPoP" : (options.scheme ?? "Bearer");
}

/** Bearer first, as in the examples of RFC 9449 section 7.1. */
function offeredSchemes(used: TokenScheme, options: ChallengeOptions): readonly TokenScheme[] {
  if (options.dpopRequired === true) return ["DPoP"];
  return options.dpopAlgorithms === undefined ? [used] : ["Bearer", "DPoP"];
}

interface OneChallenge {
  readonly reason: ReasonName;
  readonly scheme: TokenScheme;
  readonly tellsError: boolean;
}

function collectAttributes(challenge: OneChallenge, options: ChallengeOptions): ChallengeAttributes {
  const { reason, scheme, tellsError } = challenge;
  const { challengeError, clientMessage } = REASONS[reason];
  const hasError = tellsError && challengeError !== undefined;
  const asksStepUp = tellsError && reason === "step_up_required";
  return {
    realm: options.realm,
    error: hasError ? challengeError : undefined,
    error_description: hasError ? clientMessage : undefined,
    // More scopes would not help where a policy denies, and a client would ask for them in vain.
    scope: reason === "policy_denied" ? undefined : options.scope,
    acr_values: asksStepUp ? options.acrValues : undefined,
    max_age: asksStepUp ? options.maxAgeSeconds : undefined,
    resource_metadata: options.resourceMetadata,
    algs: scheme === "DPoP" ? options.dpopAlgorithms : undefined,
  };
}
