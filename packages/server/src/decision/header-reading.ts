/** The header section of one request, read once: what a decision asks of it is then a look-up. */

import { pairRawHeaders } from "countersign/http";

import { createNamespace, foldHeaderName, isProxyHeader } from "./protected-headers.ts";

type Header = readonly [name: string, value: string];

/** Headers whose values somebody asks for, in lower case. */
const WATCHED = [
  "authorization",
  "dpop",
  "connection",
  "host",
  "origin",
  "access-control-request-method",
  "x-original-method",
  "x-original-uri",
  "x-original-host",
  "x-original-proto",
  "x-forwarded-method",
  "x-forwarded-uri",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-for",
  "forwarded",
  "via",
] as const;

export type WatchedHeader = (typeof WATCHED)[number];

const SLOTS = Object.fromEntries(WATCHED.map((name, slot) => [name, slot])) as Readonly<
  Record<WatchedHeader, number>
>;
const SLOTS_BY_NAME: ReadonlyMap<string, number> = new Map(Object.entries(SLOTS));
const NO_VALUES: readonly (string | undefined)[] = WATCHED.map(() => undefined);
const METHOD_OVERRIDES = new Set(["x-http-method-override", "x-http-method", "x-method-override"]);
/** What an upstream might read either of; told by the name that people know. */
const ONCE_ONLY = new Map([
  ["authorization", "more than one Authorization header"],
  ["dpop", "more than one DPoP header"],
]);
/** Of most lists: only where something is found one is made. */
const NOTHING: string[] = [];

// Every request brings the same few names. Clients choose them, so both number and length are bounded.
const MAX_KINDS = 512;
const MAX_KIND_CHARACTERS = 64;

/** What a header's name, as it is spelled, means here. */
interface HeaderKind {
  readonly lower: string;
  /** Where its value is kept; undefined where nobody asks for it. */
  readonly slot: number | undefined;
  /** In the sidecar's own namespace, in any spelling. */
  readonly isOwn: boolean;
  /** One of two would be the one that counts: in the own namespace, or with a token. */
  readonly isOnceOnly: boolean;
  /** Must not reach the upstream as the client sent it. */
  readonly isRemovable: boolean;
  /** Frameworks take another method than the request's from it. */
  readonly isMethodOverride: boolean;
}

/** Reads header sections by one prefix of identity headers. */
export class HeaderReader {
  readonly #isOwn: (name: string) => boolean;
  readonly #kinds = new Map<string, HeaderKind>();

  constructor(prefix: string) {
    this.#isOwn = createNamespace(prefix);
  }

  /**
   * Reads names and values in turn, as they were sent. A last name without a value does not count.
   * @param isJoined True where the server joined repeated fields with ", ": what could be two then counts as two.
   */
  read(raw: readonly string[], isJoined = false): HeaderReading {
    return new HeaderReading(this, raw, isJoined);
  }

  readPairs(headers: readonly Header[]): HeaderReading {
    return this.read(headers.flat());
  }

  kindOf(name: string): HeaderKind {
    const known = this.#kinds.get(name);
    if (known !== undefined) return known;
    const kind = this.#classify(name);
    if (name.length > MAX_KIND_CHARACTERS) return kind;
    if (this.#kinds.size >= MAX_KINDS) this.#kinds.clear();
    this.#kinds.set(name, kind);
    return kind;
  }

  #classify(name: string): HeaderKind {
    const lower = name.toLowerCase();
    const isOwn = this.#isOwn(name);
    return {
      lower,
      slot: SLOTS_BY_NAME.get(lower),
      isOwn,
      isOnceOnly: isOwn || ONCE_ONLY.has(lower),
      isRemovable: isOwn || isProxyHeader(name),
      isMethodOverride: METHOD_OVERRIDES.has(foldHeaderName(name)),
    };
  }
}

export class HeaderReading {
  /** Who read it: another reader may have another prefix. */
  readonly reader: HeaderReader;
  /** Names and values in turn, as sent. */
  readonly raw: readonly string[];
  /** Names of the sidecar's own namespace, in lower case. */
  readonly own: readonly string[];
  /** Names, as sent, of headers that must not reach the upstream. */
  readonly removable: readonly string[];
  /** Values of headers that ask for another method. */
  readonly methodOverrides: readonly string[];
  /**
   * A header of the own namespace, or one that carries a token, that stands there more than once: which of two an
   * upstream reads is anybody's guess (CVE-2026-26308). Other spellings are other headers here, and are removed.
   */
  readonly repeated: string | undefined;
  readonly #firsts: (string | undefined)[] = NO_VALUES.slice();
  #repeatedSlots = 0;
  #pairs: readonly Header[] | undefined;

  constructor(reader: HeaderReader, raw: readonly string[], isJoined: boolean) {
    let own = NOTHING;
    let removable = NOTHING;
    let methodOverrides = NOTHING;
    let repeated: string | undefined;
    for (let index = 0; index + 1 < raw.length; index += 2) {
      const name = raw[index] ?? "";
      const value = raw[index + 1] ?? "";
      const kind = reader.kindOf(name);
      const isTwo = isJoined && value.includes(kind.isOnceOnly ? "," : ", ");
      if (kind.slot !== undefined && this.#keep(kind.slot, value, isTwo)) {
        repeated ??= ONCE_ONLY.get(kind.lower);
      }
      if (!kind.isRemovable && !kind.isMethodOverride) continue;
      if (kind.isRemovable) removable = append(removable, name);
      if (kind.isMethodOverride) methodOverrides = append(methodOverrides, value);
      if (!kind.isOwn) continue;
      const isNew = !own.includes(kind.lower);
      if (isNew) own = append(own, kind.lower);
      if (isTwo || !isNew) repeated ??= "an identity header twice";
    }
    this.reader = reader;
    this.raw = raw;
    this.own = own;
    this.removable = removable;
    this.methodOverrides = methodOverrides;
    this.repeated = repeated;
  }

  /** All headers as pairs. */
  get pairs(): readonly Header[] {
    this.#pairs ??= pairRawHeaders(this.raw);
    return this.#pairs;
  }

  /** The first value; undefined where there is none. */
  first(name: WatchedHeader): string | undefined {
    return this.#firsts[SLOTS[name]];
  }

  /** True where the header is there more than once. */
  isRepeated(name: WatchedHeader): boolean {
    return this.#repeatedSlots !== 0 && (this.#repeatedSlots & (1 << SLOTS[name])) !== 0;
  }

  /** All values, in order. */
  values(name: WatchedHeader): readonly string[] {
    const first = this.first(name);
    if (first === undefined) return NOTHING;
    if (!this.isRepeated(name)) return [first];
    return this.pairs.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
  }

  /** True where there is more than one. */
  #keep(slot: number, value: string, isTwo: boolean): boolean {
    if (this.#firsts[slot] === undefined) {
      this.#firsts[slot] = value;
      if (!isTwo) return false;
    }
    this.#repeatedSlots |= 1 << slot;
    return true;
  }
}

function append(list: string[], text: string): string[] {
  if (list === NOTHING) return [text];
  list.push(text);
  return list;
}
