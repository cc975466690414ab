/** Lists of texts in claims, without repetitions and frozen. */

import { BoundedMemory } from "../bounded-memory.ts";
import type { JsonValue } from "../token/json-value.ts";

export const NO_TEXTS: readonly string[] = Object.freeze([]);

/** Tokens of one client have the same scopes, and their lists need to be made and kept once. */
const knownWords = new BoundedMemory<string, readonly string[]>(256);
const MAX_KNOWN_LENGTH = 256;

/** `scope` is text (RFC 8693 section 4.2); `scp` is text or an array, by dialect. */
export function readWords(value: JsonValue | undefined): readonly string[] {
  return typeof value === "string" ? splitWords(value) : readTexts(value);
}

function splitWords(value: string): readonly string[] {
  if (value === "") return NO_TEXTS;
  const known = knownWords.get(value);
  if (known !== undefined) return known;
  const words = value.split(" ");
  const list = distinct(words.includes("") ? words.filter((word) => word !== "") : words);
  if (value.length <= MAX_KNOWN_LENGTH) knownWords.set(value, list);
  return list;
}

/** All of a list or none of it: a list with something else in it is not half trusted. One text is a list of one. */
export function readTexts(value: JsonValue | undefined): readonly string[] {
  if (typeof value === "string" && value !== "") return Object.freeze([value]);
  if (!Array.isArray(value)) return NO_TEXTS;
  for (const member of value) if (typeof member !== "string") return NO_TEXTS;
  return distinct(value as readonly string[]);
}

/** More words than this are compared through a set. */
const FEW = 16;

/** The list itself where nothing stands twice in it, which is the rule. */
export function distinct(words: readonly string[]): readonly string[] {
  const { length } = words;
  let repeats = length > FEW;
  for (let index = 1; index < length && !repeats; index++)
    repeats = words.lastIndexOf(words[index] as string, index - 1) >= 0;
  return Object.freeze(repeats ? [...new Set(words)] : words);
}
