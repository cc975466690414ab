/** What a claim has to be, as data: how presets tell kinds of tokens and of principals apart. */

import type { JsonObject } from "../token/json-value.ts";
import { findClaim, parseClaimPath } from "./claim-path.ts";

export interface ClaimTest {
  /** Its path, as mappings write it. A text that is empty counts as absent. */
  readonly claim: string;
  /** One of these. Default anything but absent or null. */
  readonly is?: readonly (string | boolean)[];
  /** A text that this finds; without the flags g and y. */
  readonly like?: RegExp;
  /** It must not be there. */
  readonly absent?: true;
}

export type TestClaims = (claims: JsonObject) => boolean;

/** Every list has to have a test that passes. */
export function compileAll(lists: readonly (readonly ClaimTest[])[]): TestClaims {
  const all = lists.map((tests) => tests.map(compileTest));
  return (claims) => all.every((tests) => tests.some((test) => test(claims)));
}

/** One of the lists has to have no test that fails. */
export function compileAny(lists: readonly (readonly ClaimTest[])[] = []): TestClaims {
  const all = lists.map((tests) => tests.map(compileTest));
  return (claims) => all.some((tests) => tests.every((test) => test(claims)));
}

function compileTest({ claim, is, like, absent }: ClaimTest): TestClaims {
  const path = parseClaimPath(claim) ?? [];
  return (claims) => {
    const value = findClaim(claims, path);
    if (value === undefined || value === null || value === "") return absent === true;
    if (absent) return false;
    if (is !== undefined) return (is as readonly unknown[]).includes(value);
    return like === undefined || (typeof value === "string" && like.test(value));
  };
}

/** For people. */
export function describeTest({ claim, is, like, absent }: ClaimTest): string {
  if (absent) return `no ${claim}`;
  if (is !== undefined) return `${claim} to be ${is.join(" or ")}`;
  return like === undefined ? `${claim} to be present` : `${claim} to match ${like.source}`;
}
