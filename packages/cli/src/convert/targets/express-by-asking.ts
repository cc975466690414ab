/** What becomes of each feature where a gateway asks the sidecar about every request: it stays what it is. */

import type { Expression } from "../expression.ts";
import type { Feature } from "../features.ts";

const same: Expression = { level: "same", text: "enforced by the sidecar" };

function impossible(text: string): Expression {
  return { level: "impossible", text };
}

/** Of a gateway that asks the sidecar; `answers` is the sentence about how its refusals look. */
export function expressByAsking(answers: string): Readonly<Record<Feature, Expression>> {
  return { ...EXPRESSIONS, answers: { level: "differs", text: answers } };
}

const EXPRESSIONS: Readonly<Record<Exclude<Feature, "answers">, Expression>> = {
  "unknown-setting": impossible("this version of convert does not know the setting"),
  issuer: same,
  "several-issuers": same,
  audiences: same,
  "audiences-unchecked": same,
  algorithms: same,
  "keys-discovery": same,
  "keys-other": same,
  "key-freshness": same,
  "token-size": same,
  "token-type": same,
  "encrypted-tokens": same,
  "token-kind": same,
  "critical-headers": same,
  "strict-reading": same,
  expiry: same,
  "expiry-unchecked": same,
  "clock-tolerance": same,
  lifetime: same,
  age: same,
  "required-claims": same,
  "principal-mapping": same,
  "bound-tokens": same,
  introspection: same,
  "status-lists": same,
  revocation: same,
  "default-deny": same,
  hosts: same,
  methods: same,
  paths: same,
  anonymous: same,
  optional: same,
  scope: same,
  "several-scopes": same,
  requirements: same,
  shadow: same,
  preflight: same,
  "single-use": same,
  exchange: impossible("the generated file gives the application no exchanged token: use the built-in proxy"),
  assertion: same,
  "named-upstreams": impossible("the generated file knows one application: write the others by hand"),
  "client-certificate": impossible("how the gateway checks client certificates is not in this configuration"),
  "client-headers": same,
  "identity-headers": same,
  "method-override": same,
  "token-forwarding": same,
};
