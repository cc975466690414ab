import type { AllowedDecision } from "./decision.ts";

/** What the client is told beside the upstream's answer: the nonce for its next DPoP proof (RFC 9449 section 8.2). */
export function listClientHeaders({
  verdict,
}: Pick<AllowedDecision, "verdict">): readonly (readonly [name: string, value: string])[] {
  return verdict?.dpopNonce === undefined ? NONE : [["DPoP-Nonce", verdict.dpopNonce]];
}

const NONE: readonly (readonly [string, string])[] = Object.freeze([]);
