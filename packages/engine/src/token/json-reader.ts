/**
 * A JSON reader (RFC 8259, I-JSON RFC 7493) for text that strangers send. One pass, no recursion beyond
 * `maxDepth`, nothing accepted twice: a duplicate member (also one written with escapes), a `__proto__`
 * member, a lone surrogate, a byte order mark, an unsafe integer or a number that is not finite ends the reading.
 * Objects have no prototype, so that no name means more than another.
 *
 * The state lives in module variables because reading is synchronous and never re-entered: an object per
 * call would cost more than it explains.
 */

import { copyText } from "./copy-text.ts";
import type { JsonValue } from "./json-value.ts";

export interface JsonLimits {
  /** Objects and arrays inside one another. */
  readonly maxDepth: number;
  /** Members and elements in the whole text. */
  readonly maxMembers: number;
  /** UTF-16 units of one string or name. */
  readonly maxStringLength: number;
}

/** Why text was not read; `message` names the rule and the position, never the text. */
export class JsonProblem {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

type MutableObject = Record<string, JsonValue>;

const MAX_NUMBER_LENGTH = 128;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

let text = "";
let position = 0;
let membersLeft = 0;
let maxStringLength = 0;
let failure: string | undefined;

/** Reads one JSON text. The text must be well-formed UTF-16, as a strict UTF-8 decoder gives it. */
export function parseJson(source: string, limits: JsonLimits): JsonValue | JsonProblem {
  text = source;
  position = 0;
  membersLeft = limits.maxMembers;
  maxStringLength = limits.maxStringLength;
  failure = undefined;
  const value = readValue(limits.maxDepth);
  if (!hasFailed() && skipSpace() !== -1) fail("text after the value");
  text = "";
  return hasFailed() ? new JsonProblem(`${failure} at position ${position}`) : value;
}

/** A function, because the compiler takes the variable to be what it was set to last in sight. */
function hasFailed(): boolean {
  return failure !== undefined;
}

function fail(message: string): null {
  failure ??= message;
  return null;
}

/** Moves past white space and gives the next character's code, or -1 at the end. */
function skipSpace(): number {
  const end = text.length;
  while (position < end) {
    const code = text.charCodeAt(position);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code;
    position++;
  }
  return -1;
}

const WORDS: readonly (readonly [string, boolean | null])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

function readValue(depthLeft: number): JsonValue {
  const code = skipSpace();
  if (code === QUOTE) return readString(knownValues);
  if (code === 0x2d || (code >= 0x30 && code <= 0x39)) return readNumber();
  if (code === OPEN_BRACE || code === OPEN_BRACKET) {
    if (depthLeft === 0) return fail("nesting too deep");
    position++;
    return code === OPEN_BRACE ? readObject(depthLeft - 1) : readArray(depthLeft - 1);
  }
  for (const [word, value] of WORDS) {
    if (!text.startsWith(word, position)) continue;
    position += word.length;
    return value;
  }
  return fail("no JSON value");
}

/** What is read of an object or array after a failure is thrown away with it. */
function readObject(depthLeft: number): JsonValue {
  // Made without a prototype, it would be a dictionary from the start: larger, and slower to freeze.
  const object = Object.setPrototypeOf({}, null) as MutableObject;
  if (takes(CLOSE_BRACE)) return Object.freeze(object);
  do {
    if (skipSpace() !== QUOTE) return fail("no member name");
    const name = readString(knownNames);
    if (hasFailed()) return null;
    if (name === "__proto__") return fail("a member named __proto__");
    if (name in object) return fail("a duplicate member");
    if (--membersLeft < 0) return fail("too many members");
    if (!takes(COLON)) return fail("no colon after a member name");
    object[name] = readValue(depthLeft);
  } while (!hasFailed() && hasMore(CLOSE_BRACE));
  return Object.freeze(object);
}

function readArray(depthLeft: number): JsonValue {
  const array: JsonValue[] = [];
  if (takes(CLOSE_BRACKET)) return Object.freeze(array);
  do {
    if (--membersLeft < 0) return fail("too many members");
    array.push(readValue(depthLeft));
  } while (!hasFailed() && hasMore(CLOSE_BRACKET));
  return Object.freeze(array);
}

/** Whether this character comes next; moves past it. */
function takes(code: number): boolean {
  if (skipSpace() !== code) return false;
  position++;
  return true;
}

/** After a member: whether another one follows, or the end, which it moves past. */
function hasMore(close: number): boolean {
  if (takes(COMMA)) return true;
  if (!takes(close)) fail("no comma or end after a value");
  return false;
}

/**
 * Strings that were read before, by a hash of their characters. Texts of one origin share names and many values, and
 * a string that is there already is neither made, nor kept twice, nor looked up as a name. Strangers can only make it
 * forget.
 */
const knownNames: string[] = Array.from({ length: 256 }, () => "");
const knownValues: string[] = Array.from({ length: 256 }, () => "");
const MAX_KNOWN_LENGTH = 64;
/** Runtimes copy shorter parts of a text by themselves. */
const SHORT = 13;

function readString(known: string[]): string {
  const start = position + 1;
  const end = text.length;
  let hasEscapes = false;
  let hash = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const raw = text.slice(start, at);
      const value = hasEscapes ? readEscapes(raw) : takeString(known, (hash ^ (hash >>> 8)) & 255, raw);
      if (value.length > maxStringLength) fail("a string is too long");
      if (!hasFailed()) position = at + 1;
      return value;
    }
    hash = (hash * 31 + code) | 0;
    if (code === BACKSLASH) {
      // What it escapes is not looked at here, least of all a quote.
      hasEscapes = true;
      at++;
    } else if (code < 0x20) {
      position = at;
      return failString("a control character in a string");
    }
  }
  position = end;
  return failString("a string without end");
}

function takeString(known: string[], slot: number, raw: string): string {
  if (known[slot] === raw) return known[slot];
  const value = raw.length < SHORT || known === knownNames ? raw : copyText(raw);
  if (raw.length <= MAX_KNOWN_LENGTH) known[slot] = value;
  return value;
}

function failString(message: string): string {
  fail(message);
  return "";
}

/** The runtime's reader knows the escapes, and for a single string it has no laxer rule than ours. */
function readEscapes(raw: string): string {
  try {
    const value = JSON.parse(`"${raw}"`) as string;
    // The raw text has no lone surrogates, so a half written as an escape needs its other half written so too.
    return /\p{Cs}/u.test(value) ? failString("a lone surrogate") : value;
  } catch {
    return failString("a malformed escape");
  }
}

function readNumber(): number | null {
  const start = position;
  const whole = readInteger();
  if (whole !== undefined) return whole;
  NUMBER.lastIndex = start;
  const literal = NUMBER.exec(text)?.[0];
  if (literal === undefined) return fail("a malformed number");
  if (literal.length > MAX_NUMBER_LENGTH) return fail("a number is too long");
  const value = Number(literal);
  if (!Number.isFinite(value)) return fail("a number that is not finite");
  // Past 2^53 neighbors share one value: two identifiers would become one (RFC 7493 section 2.2).
  if (!Number.isSafeInteger(value) && /^-?[0-9]+$/.test(literal)) return fail("an integer beyond 2^53 - 1");
  position = start + literal.length;
  return value;
}

/**
 * The common case, such as a NumericDate: at most 15 digits and nothing else. Leaves everything else to the
 * grammar, which would read this case too, and slower.
 */
function readInteger(): number | undefined {
  let value = 0;
  let at = position;
  for (; at < position + 15; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) break;
    value = value * 10 + digit;
  }
  const next = text.charCodeAt(at);
  if (next !== COMMA && next !== CLOSE_BRACE && next !== CLOSE_BRACKET) return undefined;
  if (at - position > 1 && text.charCodeAt(position) === 0x30) return undefined;
  position = at;
  return value;
}
