/** What is said between the benchmark and the processes of its subjects. Plain data. */

import type { Slot } from "../measure/race.ts";
import type { VerificationKey } from "../tokens/key-material.ts";
import type { TokenOrder } from "../tokens/token-order.ts";

export interface JudgeCase {
  readonly key: VerificationKey;
  /** Of the same issuer. Default none. */
  readonly otherKeys?: readonly VerificationKey[];
  /** Issuers that are trusted, all with these keys. Default 1. */
  readonly issuers?: number;
  /** Of the table of routes, for its subject. */
  readonly routes?: number;
  /** Of the memory of verified tokens, where the subject has one. */
  readonly cacheEntries: number;
  readonly tokenFile: string;
  readonly order: TokenOrder;
  readonly expected: boolean;
  /** So many of the first tokens are judged several times before anything is measured: they fill the memory. Default 0. */
  readonly filledWith?: number;
  /** Calls after which the code of a process counts as compiled; the missing ones are made first. Default 0. */
  readonly warmAfter?: number;
}

/** How the heap grows with the tokens that are remembered. */
export interface HeapReading {
  /** Operations since the case was prepared. */
  readonly operations: number;
  /** After a collection: the heap and what it holds outside. */
  readonly heapBytes: number;
}

export type SubjectRequest =
  | { readonly kind: "prepare"; readonly judgeCase: JudgeCase }
  | { readonly kind: "run"; readonly slotMs: number }
  | { readonly kind: "judge"; readonly operations: number };

export type SubjectReply =
  | { readonly kind: "prepared"; readonly isSupported: boolean }
  | { readonly kind: "ran"; readonly slot: Slot }
  | { readonly kind: "judged"; readonly reading: HeapReading }
  | { readonly kind: "failed"; readonly problem: string };

/** What a process says first. */
export interface SubjectGreeting {
  /** Program and version. */
  readonly runtime: string;
}
