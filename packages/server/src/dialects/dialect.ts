/** What a gateway's protocol is to the decision core: a translation there and back, and nothing else. */

import type { Decision, RequestDescription } from "../decision/decision.ts";
import type { Answer } from "../decision/http-answer.ts";
import type { IsInNamespace } from "../decision/protected-headers.ts";

export interface Dialect {
  /** Name in metrics and events. */
  readonly name: string;
  /** Path of the decision endpoint. */
  readonly path: string;
  /** True where the gateway appends the client's path and query to `path`. Default: `path` is all. */
  readonly takesTarget?: boolean;
  /** Reads the description that a trusted gateway sent. */
  describe(question: GatewayQuestion): DialectReading;
  /** Says the decision in the gateway's terms. */
  answer(decision: Decision): Answer;
}

/** A gateway's request for a decision, as it came. */
export interface GatewayQuestion {
  readonly method: string;
  /** What follows the dialect's path where it takes a target, else empty: nothing is read from our own query. */
  readonly target: string;
  readonly headers: RequestDescription["headers"];
}

export type DialectReading =
  | { readonly kind: "described"; readonly request: RequestDescription }
  /** The gateway's configuration does not send what it must. `problem` names the header. */
  | { readonly kind: "missing"; readonly problem: string }
  /** The description contradicts itself. */
  | { readonly kind: "ambiguous"; readonly problem: string };

/** Refuses a description where the client's request carries an identity header that no answer overwrites. */
export type RefuseUnknownIdentity = (reading: DialectReading) => DialectReading;

/** What the dialects take from the configuration. */
export interface DialectSettings {
  readonly realm: string | undefined;
  /** Prefix of the identity headers. */
  readonly prefix: string;
  /** Tells the namespace of the prefix, in any spelling. */
  readonly isOwn: IsInNamespace;
  /** False: gateways that can remove headers are told to remove the token. */
  readonly forwardToken: boolean;
  readonly flattenUnavailable: boolean;
  readonly refuseUnknownIdentity: RefuseUnknownIdentity;
}

/** The headers in which a gateway describes the client's request. */
export interface DescriptionHeaders {
  readonly method: string;
  readonly uri: string;
  readonly host: string;
  readonly proto: string;
}

/** A header's only value, or why there is none to rely on. */
export type HeaderReading<Value extends string = string> =
  | { readonly kind: "value"; readonly value: Value }
  | Exclude<DialectReading, { readonly kind: "described" }>;

/** Reads a description: each header exactly once and not empty. Other spellings of their names do not count. */
export function readDescription(
  headers: RequestDescription["headers"],
  names: DescriptionHeaders,
): DialectReading {
  const method = readOnce(headers, names.method);
  if (method.kind !== "value") return method;
  const uri = readOnce(headers, names.uri);
  if (uri.kind !== "value") return uri;
  const host = readOnce(headers, names.host);
  if (host.kind !== "value") return host;
  const scheme = readScheme(headers, names.proto);
  if (scheme.kind !== "value") return scheme;
  const request = {
    method: method.value,
    target: uri.value,
    host: host.value,
    scheme: scheme.value,
    headers,
  };
  return { kind: "described", request };
}

/** Reads a header that must be there exactly once and not empty. */
export function readOnce(headers: RequestDescription["headers"], name: string): HeaderReading {
  const [value, second] = valuesOf(headers, name);
  if (second !== undefined) return { kind: "ambiguous", problem: `more than one ${name} header` };
  if (value === undefined || value === "") return { kind: "missing", problem: `no ${name} header` };
  return { kind: "value", value };
}

/** Reads a header that must say "http" or "https", exactly once. */
export function readScheme(
  headers: RequestDescription["headers"],
  name: string,
): HeaderReading<"http" | "https"> {
  const reading = readOnce(headers, name);
  if (reading.kind !== "value") return reading;
  const { value } = reading;
  return value === "http" || value === "https"
    ? { kind: "value", value }
    : { kind: "ambiguous", problem: `${name} is neither http nor https` };
}

/** All values of a header, in order. */
export function valuesOf(headers: RequestDescription["headers"], name: string): readonly string[] {
  return headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
}
