/** What a gateway's protocol is to the decision core: a translation there and back, and nothing else. */

import type { Decision, RequestDescription } from "../decision/decision.ts";
import { DescribedRequest } from "../decision/described-request.ts";
import type { HeaderReading, WatchedHeader } from "../decision/header-reading.ts";
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
  readonly reading: HeaderReading;
}

export type DialectReading =
  | { readonly kind: "described"; readonly request: RequestDescription }
  /** The gateway's configuration does not send what it must. `problem` names the header. */
  | { readonly kind: "missing"; readonly problem: string }
  /** The description contradicts itself. */
  | { readonly kind: "ambiguous"; readonly problem: string };

/** Refuses a description where the client's request carries an identity header that no answer overwrites. */
export type RefuseUnknownIdentity = (description: DialectReading, reading: HeaderReading) => DialectReading;

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
  /** How long nginx may use an allowing decision again; 0 for not at all. */
  readonly decisionMaxAgeSeconds: number;
  readonly refuseUnknownIdentity: RefuseUnknownIdentity;
}

/** The headers in which a gateway describes the client's request. */
export interface DescriptionHeaders {
  readonly method: WatchedHeader;
  readonly uri: WatchedHeader;
  readonly host: WatchedHeader;
  readonly proto: WatchedHeader;
}

/** Reads a description: each header exactly once and not empty. Other spellings of their names do not count. */
export function readDescription(reading: HeaderReading, names: DescriptionHeaders): DialectReading {
  const method = reading.first(names.method);
  if (isMissing(method) || reading.isRepeated(names.method)) return describeProblem(reading, names.method);
  const target = reading.first(names.uri);
  if (isMissing(target) || reading.isRepeated(names.uri)) return describeProblem(reading, names.uri);
  const host = reading.first(names.host);
  if (isMissing(host) || reading.isRepeated(names.host)) return describeProblem(reading, names.host);
  return describeFrom({ method, target, host }, reading, names.proto);
}

/** A description by what is known, and a header that must say "http" or "https", exactly once. */
export function describeFrom(
  line: Pick<RequestDescription, "method" | "target" | "host">,
  reading: HeaderReading,
  name: WatchedHeader,
): DialectReading {
  const scheme = reading.first(name);
  if (isMissing(scheme) || reading.isRepeated(name)) return describeProblem(reading, name);
  if (scheme !== "http" && scheme !== "https") {
    return { kind: "ambiguous", problem: `${name} is neither http nor https` };
  }
  const { method, target, host } = line;
  return {
    kind: "described",
    request: new DescribedRequest({ method, scheme, host, target }, reading),
  };
}

/** Why there is no one value of a header to rely on. */
export function describeProblem(
  reading: HeaderReading,
  name: WatchedHeader,
): Exclude<DialectReading, { readonly kind: "described" }> {
  return reading.isRepeated(name)
    ? { kind: "ambiguous", problem: `more than one ${name} header` }
    : { kind: "missing", problem: `no ${name} header` };
}

export function isMissing(value: string | undefined): value is undefined | "" {
  return value === undefined || value === "";
}
