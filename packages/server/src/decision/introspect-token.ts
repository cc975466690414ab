import type { ValidationContext, Verdict } from "countersign";

/** A token whose own verdict is known. */
export interface IntrospectionQuestion {
  readonly token: string;
  /** What the request shows beside it; undefined for a bearer's. */
  readonly context: ValidationContext | undefined;
  /** What was found out here, without asking anybody. */
  readonly verdict: Verdict;
  /** The route wants the issuer asked whatever else is configured. */
  readonly always: boolean;
}

/** Gives the verdict that counts: the one that is there, or one by what the issuer says. Never rejects. */
export type IntrospectToken = (question: IntrospectionQuestion) => Verdict | Promise<Verdict>;
