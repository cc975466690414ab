/** Finds the one credential of a request: RFC 6750 section 2.1, RFC 9449 section 7.1, RFC 9110 section 11.6.2. */

import { Refusal } from "../refusal.ts";
import { createRejected } from "../validator/create-rejected.ts";
import type { Rejected } from "../validator/verdict.ts";

/** The schemes that carry an access token. */
export type TokenScheme = "Bearer" | "DPoP";

/**
 * Where the `Authorization` header is looked for:
 * - `Headers`, or any iterable of `[name, value]` pairs in which names may repeat, in any case;
 * - an array of strings: the values of all `Authorization` fields of the request.
 *
 * A repeated field must stay visible. Node's `request.headers` hides repetitions; give `pairRawHeaders(request.rawHeaders)`.
 */
export type HeaderSource = Iterable<readonly [name: string, value: string]> | readonly string[];

export interface ExtractedToken {
  readonly kind: "token";
  readonly scheme: TokenScheme;
  /** token68 characters only; not yet known to be a JWT. */
  readonly token: string;
}

/** No `Authorization` field, or one credential of another scheme, such as Basic: `missing_token`. */
export interface AbsentCredential {
  readonly kind: "absent";
}

/** Several credentials, or one that breaks the grammar: `malformed_request`. */
export interface MalformedCredential {
  readonly kind: "malformed";
  /** For people: which rule was broken. Constant text, nothing of the request. */
  readonly detail: string;
}

export type BearerExtraction = ExtractedToken | AbsentCredential | MalformedCredential;

/** Longest `Authorization` value that is read: the largest `limits.tokenBytes` and a scheme. */
export const MAX_AUTHORIZATION_CHARACTERS = 65_600;

const ABSENT: AbsentCredential = Object.freeze({ kind: "absent" });
const SCHEME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+/;
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/;
const AUTH_PARAM_START = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*=/;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/**
 * Extracts the access token from a request's headers; tokens in the query or the body are not looked for.
 * Accepted is exactly one `Authorization` field of scheme (in any case), one or more spaces, one token68.
 * Never throws for what a request contains; time is linear in the length of the headers.
 */
export function extractBearer(source: HeaderSource): BearerExtraction {
  let found: string | undefined;
  for (const item of source) {
    const value = typeof item === "string" ? item : authorizationValue(item);
    if (value === undefined) continue;
    if (found !== undefined) return malformed("more than one Authorization header");
    found = value;
  }
  return found === undefined ? ABSENT : parseAuthorization(found);
}

/** Node's flat `rawHeaders` as pairs, repetitions kept. A last name without a value is dropped. */
export function pairRawHeaders(rawHeaders: readonly string[]): readonly (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    pairs.push([rawHeaders[index] ?? "", rawHeaders[index + 1] ?? ""]);
  }
  return pairs;
}

/** The verdict for a request without a usable credential, to be answered as any other refusal. */
export function rejectExtraction(extraction: AbsentCredential | MalformedCredential): Rejected {
  if (extraction.kind === "absent") return createRejected(new Refusal("missing_token"));
  const expected = "one Authorization header: scheme, one space, one token";
  return createRejected(new Refusal("malformed_request", { expected, found: extraction.detail }));
}

function authorizationValue([name, value]: readonly [string, string]): string | undefined {
  return name.length === 13 && name.toLowerCase() === "authorization" ? value : undefined;
}

function parseAuthorization(value: string): BearerExtraction {
  if (value.length > MAX_AUTHORIZATION_CHARACTERS) {
    return malformed(`an Authorization header of more than ${MAX_AUTHORIZATION_CHARACTERS} characters`);
  }
  const scheme = SCHEME.exec(value)?.[0];
  if (scheme === undefined) return malformed("an Authorization header that does not begin with a scheme");
  if (scheme.length < value.length && value.charCodeAt(scheme.length) !== SPACE) {
    return malformed("a scheme that is not followed by a space");
  }
  const name = findTokenScheme(scheme);
  return name === undefined
    ? parseOther(value.slice(scheme.length))
    : parseToken(name, value.slice(scheme.length));
}

function findTokenScheme(scheme: string): TokenScheme | undefined {
  const lower = scheme.toLowerCase();
  if (lower === "bearer") return "Bearer";
  return lower === "dpop" ? "DPoP" : undefined;
}

function parseToken(scheme: TokenScheme, rest: string): BearerExtraction {
  let start = 0;
  while (rest.charCodeAt(start) === SPACE) start += 1;
  const token = rest.slice(start);
  if (token === "") return malformed("a scheme without a token");
  if (TOKEN68.test(token)) return { kind: "token", scheme, token };
  return malformed(describeBadToken(token));
}

function describeBadToken(token: string): string {
  if (token.includes(",")) return "several credentials in one Authorization header";
  if (token.includes(" ") || token.includes("\t")) return "white space inside or after the token";
  return "a character that a token cannot have";
}

/** A credential of another scheme is nobody's token, unless a list of credentials hides one behind it. */
function parseOther(rest: string): BearerExtraction {
  let elementStart = -1;
  let quoted = false;
  for (let index = 0; index <= rest.length; index += 1) {
    const code = index === rest.length ? COMMA : rest.charCodeAt(index);
    if (quoted && index < rest.length) {
      if (code === BACKSLASH) index += 1;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) {
      quoted = true;
    } else if (code === COMMA) {
      // The first element belongs to the scheme; every later one must be a parameter of it.
      const element = elementStart < 0 ? "" : rest.slice(elementStart, index).trim();
      if (element !== "" && !AUTH_PARAM_START.test(element)) {
        return malformed("several credentials in one Authorization header");
      }
      elementStart = index + 1;
    }
  }
  return quoted ? malformed("a quoted string without an end") : ABSENT;
}

function malformed(detail: string): MalformedCredential {
  return { kind: "malformed", detail };
}
