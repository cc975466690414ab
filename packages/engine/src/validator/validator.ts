import type { VerifiedToken } from "../signature/verified-token.ts";
import type { Explanation, Verdict } from "./verdict.ts";

/** A compiled configuration with its keys. Make it once and share it. */
export interface Validator {
  /** Never throws and never rejects for what a token contains. */
  validate(token: string): Promise<Verdict>;
  /** The same verdict without waiting; `keys_unavailable` where a fetch would be needed first. */
  validateSync(token: string): Verdict;
  /** For front doors: @throws TokenRejected, so that a forgotten check fails closed. */
  verify(token: string): Promise<VerifiedToken>;
  /** For people: runs every check instead of stopping at the first. Not a way to accept. */
  explain(token: string): Promise<Explanation>;
  /** Fetches the keys of all issuers once. @throws Error that lists the issuers that failed. */
  ready(): Promise<void>;
  /** Releases timers and sockets; idempotent. Afterwards remote keys are no longer refreshed. */
  close(): Promise<void>;
}
