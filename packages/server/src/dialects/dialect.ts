/** What a gateway's protocol is to the decision core: a translation there and back, and nothing else. */

import type { Decision, RequestDescription } from "../decision/decision.ts";
import type { Answer } from "../decision/http-answer.ts";

export interface Dialect {
  /** Name in metrics and events. */
  readonly name: string;
  /** Exact path of the decision endpoint. */
  readonly path: string;
  /** Reads the description that a trusted gateway sent. */
  describe(headers: RequestDescription["headers"]): DialectReading;
  /** Says the decision in the gateway's terms. */
  answer(decision: Decision): Answer;
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

/** Reads a description: each header exactly once and not empty. Other spellings of their names do not count. */
export function readDescription(
  headers: RequestDescription["headers"],
  names: DescriptionHeaders,
): DialectReading {
  const values = { method: "", uri: "", host: "", proto: "" };
  for (const part of ["method", "uri", "host", "proto"] as const) {
    const [value, second] = valuesOf(headers, names[part]);
    if (second !== undefined) return { kind: "ambiguous", problem: `more than one ${names[part]} header` };
    if (value === undefined || value === "") return { kind: "missing", problem: `no ${names[part]} header` };
    values[part] = value;
  }
  const { method, uri: target, host, proto } = values;
  if (proto !== "http" && proto !== "https") {
    return { kind: "ambiguous", problem: `${names.proto} is neither http nor https` };
  }
  return { kind: "described", request: { method, target, host, scheme: proto, headers } };
}

/** All values of a header, in order. */
export function valuesOf(headers: RequestDescription["headers"], name: string): readonly string[] {
  return headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
}
