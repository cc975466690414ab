import type { VerifiedToken } from "../signature/verified-token.ts";
import type { ValidationContext } from "./judge-setup.ts";
import type { StatedToken } from "./judge-stated.ts";
import type { Explanation, Verdict } from "./verdict.ts";

/** A compiled configuration with its keys. Make it once and share it. */
export interface Validator {
  /**
   * Never throws and never rejects for what a token contains.
   *
   * @param context What the request shows beside the token, and what is asked of it beside its issuer's rules.
   */
  validate(token: string, context?: ValidationContext): Promise<Verdict>;
  /** As `validate`, but where nothing has to be waited for, at once. For hot paths. */
  judge(token: string, context?: ValidationContext): Verdict | Promise<Verdict>;
  /**
   * Judges what an issuer's introspection endpoint says of a token (RFC 7662) by the rules that hold for its JWTs: claims,
   * binding, revocation and first use. That it said "active" is the caller's to see to. Never throws and never rejects.
   */
  judgeStated(stated: StatedToken, context?: ValidationContext): Verdict | Promise<Verdict>;
  /** The same verdict without waiting; `keys_unavailable` where a fetch would be needed first. */
  validateSync(token: string): Verdict;
  /** For front doors: @throws TokenRejected, so that a forgotten check fails closed. */
  verify(token: string, context?: ValidationContext): Promise<VerifiedToken>;
  /**
   * For people: runs every check instead of stopping at the first. Not a way to accept: uses nothing up, does not ask
   * whether token or proof were used before, and is not told to the observer.
   */
  explain(token: string, context?: ValidationContext): Promise<Explanation>;
  /** Fetches the keys of all issuers once. @throws Error that lists the issuers that failed. */
  ready(): Promise<void>;
  /** Releases timers and sockets; idempotent. Afterwards remote keys are no longer refreshed. */
  close(): Promise<void>;
}
