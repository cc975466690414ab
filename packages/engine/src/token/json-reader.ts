/**
 * A JSON reader (RFC 8259, I-JSON RFC 7493) for text that strangers send. One pass, no recursion beyond
 * `maxDepth`, nothing accepted twice: a duplicate member (also one written with escapes), a `__proto__`
 * member, a lone surrogate, a byte order mark, an unsafe integer or a number that is not finite ends the reading.
 * Objects have no prototype, so that no name means more than another.
 *
 * The state lives in module variables because reading is synchronous and never re-entered: an object per
 * call would cost more than it explains.
 */

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
  if (failure === undefined && skipSpace() !== -1) fail("text after the value");
  text = "";
  return readFailure() ?? value;
}

/** A function, because the compiler takes the variable to be what it was set to last in sight. */
function readFailure(): JsonProblem | undefined {
  return failure === undefined ? undefined : new JsonProblem(`${failure} at position ${position}`);
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

function readValue(depthLeft: number): JsonValue {
  const code = skipSpace();
  switch (code) {
    case QUOTE:
      return readString();
    case OPEN_BRACE:
      return depthLeft > 0 ? readObject(depthLeft - 1) : fail("nesting too deep");
    case OPEN_BRACKET:
      return depthLeft > 0 ? readArray(depthLeft - 1) : fail("nesting too deep");
    case 0x74:
      return readWord("true", true);
    case 0x66:
      return readWord("false", false);
    case 0x6e:
      return readWord("null", null);
    default:
      return code === 0x2d || (code >= 0x30 && code <= 0x39) ? readNumber() : fail("no JSON value");
  }
}

function readWord(word: string, value: boolean | null): boolean | null {
  if (!text.startsWith(word, position)) return fail("no JSON value");
  position += word.length;
  return value;
}

function readObject(depthLeft: number): JsonValue {
  const object = Object.create(null) as MutableObject;
  position++;
  if (skipSpace() === CLOSE_BRACE) {
    position++;
    return object;
  }
  for (;;) {
    if (skipSpace() !== QUOTE) return fail("no member name");
    const name = readString();
    if (failure !== undefined) return null;
    if (name === "__proto__") return fail("a member named __proto__");
    if (name in object) return fail("a duplicate member");
    if (--membersLeft < 0) return fail("too many members");
    if (skipSpace() !== COLON) return fail("no colon after a member name");
    position++;
    const value = readValue(depthLeft);
    if (failure !== undefined) return null;
    object[name] = value;
    const code = skipSpace();
    position++;
    if (code === COMMA) continue;
    if (code === CLOSE_BRACE) return object;
    position--;
    return fail("no comma or brace after a member");
  }
}

function readArray(depthLeft: number): JsonValue {
  const array: JsonValue[] = [];
  position++;
  if (skipSpace() === CLOSE_BRACKET) {
    position++;
    return array;
  }
  for (;;) {
    if (--membersLeft < 0) return fail("too many members");
    const value = readValue(depthLeft);
    if (failure !== undefined) return null;
    array.push(value);
    const code = skipSpace();
    position++;
    if (code === COMMA) continue;
    if (code === CLOSE_BRACKET) return array;
    position--;
    return fail("no comma or bracket after an element");
  }
}

function readString(): string {
  const start = position + 1;
  const end = text.length;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      if (at - start > maxStringLength) return failString("a string is too long");
      position = at + 1;
      return text.slice(start, at);
    }
    if (code === BACKSLASH) return readEscapedString(start, at);
    if (code < 0x20) {
      position = at;
      return failString("a control character in a string");
    }
  }
  position = end;
  return failString("a string without end");
}

function failString(message: string): string {
  fail(message);
  return "";
}

/** Goes on at the first backslash of a string. */
function readEscapedString(start: number, firstEscape: number): string {
  let value = text.slice(start, firstEscape);
  let plainFrom = firstEscape;
  position = firstEscape;
  for (;;) {
    const code = text.charCodeAt(position);
    if (code === QUOTE) {
      value += text.slice(plainFrom, position);
      if (value.length > maxStringLength) return failString("a string is too long");
      position++;
      return value;
    }
    if (code === BACKSLASH) {
      value += text.slice(plainFrom, position);
      value += readEscape();
      if (failure !== undefined) return "";
      plainFrom = position;
      continue;
    }
    if (!(code >= 0x20))
      return failString(position < text.length ? "a control character in a string" : "a string without end");
    position++;
  }
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = Object.freeze(
  Object.assign(Object.create(null) as Record<string, string>, {
    '"': '"',
    "\\": "\\",
    "/": "/",
    b: "\b",
    f: "\f",
    n: "\n",
    r: "\r",
    t: "\t",
  }),
);

function readEscape(): string {
  const kind = text.charAt(position + 1);
  if (kind !== "u") {
    const simple = SIMPLE_ESCAPES[kind];
    if (simple === undefined) return failString("an unknown escape");
    position += 2;
    return simple;
  }
  const unit = readHexUnit();
  if (unit < 0xd800 || unit > 0xdfff)
    return unit < 0 ? failString("a bad \\u escape") : String.fromCharCode(unit);
  // The raw text has no lone surrogates, so a half written as an escape needs its other half written so too.
  if (unit <= 0xdbff) {
    const low = readHexUnit();
    if (low >= 0xdc00 && low <= 0xdfff) return String.fromCharCode(unit, low);
  }
  return failString("a lone surrogate");
}

const HEX_UNIT = /\\u([0-9A-Fa-f]{4})/y;

/** Reads `\uXXXX` at the position; -1 where it is malformed. */
function readHexUnit(): number {
  HEX_UNIT.lastIndex = position;
  const digits = HEX_UNIT.exec(text)?.[1];
  if (digits === undefined) return -1;
  position += 6;
  return Number.parseInt(digits, 16);
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
