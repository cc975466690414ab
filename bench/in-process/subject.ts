/** What every subject in this folder is to the loop that measures it. */

import type { VerificationKey } from "../tokens/key-material.ts";
import type { TokenSource } from "../tokens/token-source.ts";

/** How a subject is set up, with what its documentation shows for one issuer. Plain data. */
export interface JudgeSetup {
  readonly key: VerificationKey;
  /** Of the same issuer. Default none. */
  readonly otherKeys?: readonly VerificationKey[];
  /** Issuers that are trusted, all with these keys. Default 1. */
  readonly issuers?: number;
  /** Of the table of routes, for its subject. */
  readonly routes?: number;
  /** Tokens that a memory of verified tokens may hold; 0 for no such memory. */
  readonly cacheEntries: number;
  /** What is expected of every token, for a floor that judges none. */
  readonly expected: boolean;
  /** Asynchronous where the subject has both. */
  readonly isAwaited: boolean;
}

/** Tells whether the token at this index passes. Peers that throw are caught, because so must a caller. */
export type JudgeAt = (index: number) => boolean | Promise<boolean>;

/** Undefined where the subject has no such algorithm. */
export type CreateJudge = (setup: JudgeSetup, tokens: TokenSource) => JudgeAt | undefined;

/** Of a function that throws for what it refuses. */
export function judgeByThrowing(verify: (token: string) => unknown, tokens: TokenSource): JudgeAt {
  return (index) => {
    try {
      verify(tokens.read(index));
      return true;
    } catch {
      return false;
    }
  };
}
