import type { AllowedDecision, IdentityHeader } from "../decision/decision.ts";
import type { DialectSettings } from "./dialect.ts";

/** What a gateway that can remove headers does to the client's. No name is in both. */
export interface IdentityChanges {
  /** Overwrites; none is empty. */
  readonly set: readonly IdentityHeader[];
  /** In lower case, each once. */
  readonly remove: readonly string[];
}

const CREDENTIALS = ["authorization", "dpop"];

/** Gives what to set and what to take away, so that nothing of the namespace survives that the client wrote. */
export function changeIdentity(
  { identity, remove }: AllowedDecision,
  { isOwn, forwardToken }: Pick<DialectSettings, "isOwn" | "forwardToken">,
): IdentityChanges {
  const set = identity.filter(([, value]) => value !== "");
  const given = new Set(set.map(([name]) => name.toLowerCase()));
  // Proxy headers are in `remove` too; here they are the gateway's own, and stay.
  const unwanted = [
    ...identity.map(([name]) => name),
    ...remove.filter(isOwn),
    ...(forwardToken ? [] : CREDENTIALS),
  ].map((name) => name.toLowerCase());
  return { set, remove: [...new Set(unwanted)].filter((name) => !given.has(name)) };
}
