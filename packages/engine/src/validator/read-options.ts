/** Options as a table: each name with the rule that reads its value. */

import type { Place } from "./place.ts";

/** Gives an option's value or its default; where it is wrong, adds a problem and gives anything of the type. */
export type Rule<T> = (value: unknown, place: Place) => T;

export type Rules = Readonly<Record<string, Rule<unknown>>>;

export type Values<R extends Rules> = { readonly [Name in keyof R]: ReturnType<R[Name]> };

/** Reads every option, and refuses what none is called: a misspelled option must not be a silent opt-out. */
export function readOptions<R extends Rules>(
  options: Readonly<Record<string, unknown>>,
  { rules, place }: { readonly rules: R; readonly place: Place },
): Values<R> {
  const names = Object.keys(rules);
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) place.at(name).refuse("is no option", `Use one of ${names.join(", ")}`);
  }
  const values = names.map((name) => [name, rules[name]?.(options[name], place.at(name))]);
  return Object.fromEntries(values) as Values<R>;
}

/** For options that are checked together with others. */
export function readAnything(value: unknown): unknown {
  return value;
}

export interface NumberBounds<Default> {
  readonly least: number;
  readonly most: number;
  readonly fallback: Default;
  readonly isWhole?: boolean;
}

/** A number; both bounds are inclusive. */
export function readNumber<Default extends number | undefined>({
  least,
  most,
  fallback,
  isWhole = false,
}: NumberBounds<Default>): Rule<number | Default> {
  return (value, place) => {
    const isFit = typeof value === "number" && value >= least && value <= most;
    if (isFit && (!isWhole || Number.isInteger(value))) return value;
    if (value !== undefined) {
      const kind = isWhole ? "a whole number" : "a number";
      const remedy = fallback === undefined ? "Correct it, or leave it out" : `Leave it out for ${fallback}`;
      place.expect(`${kind} from ${least} to ${most}`, value, remedy);
    }
    return fallback;
  };
}

export function readFunction<T>(value: unknown, place: Place): T | undefined {
  if (value !== undefined && typeof value !== "function") {
    place.expect("a function", value, "Correct it, or leave it out");
  }
  return value as T | undefined;
}

/** "unchecked" as undefined; whatever else is for the rule. */
export function readUnlessUnchecked<T>(rule: Rule<T>): Rule<T | undefined> {
  return (value, place) => (value === "unchecked" ? undefined : rule(value, place));
}

/** Whether the default "required" holds; `cost` is what "unchecked" accepts. */
export function readRequirement(cost: string): Rule<boolean> {
  return (value = "required", place) => {
    if (value !== "required" && value !== "unchecked") {
      const remedy = `Leave it out, or write "unchecked" to accept ${cost}`;
      place.expect('"required" or "unchecked"', value, remedy);
    }
    return value !== "unchecked";
  };
}

const MAX_LIST_LENGTH = 256;
const MAX_TEXT_LENGTH = 2048;

export function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= MAX_TEXT_LENGTH;
}

/** A frozen copy of a list of distinct texts that are not empty. */
export function readTexts(value: unknown, place: Place): readonly string[] | undefined {
  const remedy = "Give an array of strings";
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length > MAX_LIST_LENGTH) {
    return place.expect(`an array of at most ${MAX_LIST_LENGTH} strings`, value, remedy);
  }
  for (const [index, text] of value.entries()) {
    if (!isText(text)) place.at(index).expect(`a string of 1 to ${MAX_TEXT_LENGTH} characters`, text, remedy);
  }
  return [...new Set(value as readonly string[])];
}
