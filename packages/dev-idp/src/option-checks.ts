/** Checks that options of several kinds share. Each answers what is wrong, or nothing. */

import type { ConfigurationProblem } from "countersign";

export function checkKnown(
  path: string,
  { value, known }: { readonly value: string; readonly known: readonly string[] },
): ConfigurationProblem[] {
  if (known.includes(value)) return [];
  const problem = `expected one of ${known.join(", ")}, found ${JSON.stringify(value)}`;
  return [{ path, problem, remedy: "Choose one of these, or leave it out" }];
}

/** `bounds` are inclusive. */
export function checkWithin(
  path: string,
  { value, bounds: [least, most] }: { readonly value: number; readonly bounds: readonly [number, number] },
): ConfigurationProblem[] {
  if (Number.isInteger(value) && value >= least && value <= most) return [];
  const problem = `expected a whole number from ${least} to ${most}, found ${value}`;
  return [{ path, problem, remedy: "Choose a number within the bounds, or leave it out" }];
}

export function checkAudience(path: string, audience: string): ConfigurationProblem[] {
  if (URL.canParse(audience) && !audience.includes("#")) return [];
  const problem = `expected an absolute URI without fragment (RFC 8707 section 2), found ${JSON.stringify(audience)}`;
  return [{ path, problem, remedy: 'Write it as "https://api.example.test"' }];
}
