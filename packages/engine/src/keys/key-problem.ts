/** How the checks of one key end it: they throw, and whoever imports the key catches. */

/** "refused": the key breaks a rule, and somebody has to act. "ignored": it is for something else. */
export type Exclusion = "refused" | "ignored";

/** Why a key does not count. The message is for people and holds no key material. */
export class KeyProblem extends Error {
  readonly exclusion: Exclusion;

  constructor(problem: string, exclusion: Exclusion) {
    super(problem);
    this.exclusion = exclusion;
  }
}

/** @throws KeyProblem for a key that breaks a rule. */
export function refuse(problem: string): never {
  throw new KeyProblem(problem, "refused");
}

/** @throws KeyProblem for a key that is for something else. */
export function ignore(problem: string): never {
  throw new KeyProblem(problem, "ignored");
}

/** A key that does not count, as a key set reports it. */
export interface ExcludedKey {
  /** Position in the set, from 0. */
  readonly index: number;
  readonly keyId: string | undefined;
  /** For people; holds no key material. */
  readonly problem: string;
}

/** What a failed import says of the key: the rule it breaks, or else that the runtime does not take it. */
export function readProblem(error: unknown): {
  readonly exclusion: Exclusion;
  readonly problem: string;
} {
  return error instanceof KeyProblem
    ? { exclusion: error.exclusion, problem: error.message }
    : { exclusion: "refused", problem: "the runtime's crypto refuses the key" };
}
