/** Entries 47 to 52: credentials, errors, other doors, names, members, prefixes. */

import type { CasebookEntry, Probe } from "./entry.ts";

function credential(value: string, tries: string): Probe {
  return { tries, headers: [["Authorization", value]], never: ["let_in"] };
}

export const OTHER_ENTRIES: readonly CasebookEntry[] = [
  {
    number: 47,
    sources: ["mod_auth_openidc: access_token given twice", "RFC 6750 section 2"],
    lesson: "A request carries one token in one place.",
    probes: [
      {
        tries: "access_token twice in the query",
        target: "{guarded}?access_token={valid}&access_token={tampered}",
        never: ["let_in"],
      },
      {
        tries: "access_token twice in the query, the wrong one first",
        target: "{guarded}?access_token={tampered}&access_token={valid}",
        never: ["let_in"],
      },
      {
        tries: "a wrong token in the header and a valid one in the query",
        target: "{guarded}?access_token={valid}",
        headers: [["Authorization", "Bearer {tampered}"]],
        never: ["let_in"],
      },
      {
        tries: "a wrong token in the header and a valid one in a cookie",
        headers: [
          ["Authorization", "Bearer {tampered}"],
          ["Cookie", "access_token={valid}; token={valid}"],
        ],
        never: ["let_in"],
      },
      {
        tries: "a valid token and a password, in two headers",
        headers: [
          ["Authorization", "Bearer {valid}"],
          ["Authorization", "Basic YTpi"],
        ],
        never: ["let_in"],
      },
    ],
    proofs: [],
  },
  {
    number: 48,
    sources: ["Oathkeeper: the error could be enriched with claims"],
    lesson: "What is answered to a refused token tells nothing of what stands in it.",
    probes: (["expired", "otherAudience", "otherIssuer", "tampered", "unsigned"] as const).map(
      (kind): Probe => ({
        tries: `a token of kind ${kind} with a mark in its claims`,
        headers: [["Authorization", `Bearer {${kind}}`]],
        never: ["claim_told", "let_in"],
      }),
    ),
    proofs: [{ level: "decision", says: "writes no token and no claim of a refused one into its log" }],
  },
  {
    number: 49,
    sources: ["CVE-2026-31838"],
    lesson: "What tells of the inside is on a door of its own, which is local.",
    probes: ["/metrics", "/healthz/ready", "/api/v1/status", "/config_dump", "/debug/pprof/"].map(
      (target): Probe => ({ tries: `${target} at the door for clients`, target, never: ["let_in"] }),
    ),
    proofs: [{ level: "configuration", says: "keeps the administration local, and warns where it is not" }],
  },
  {
    number: 50,
    sources: ["GHSA-c5c4-8r6x-56w3", "GHSA-f24x-5g9q-753f"],
    lesson: "A rule about a claim compares all of it, and never a part of its text.",
    probes: [],
    proofs: [{ level: "decision", says: "meets no rule about a claim with a part of the claim's text" }],
  },
  {
    number: 51,
    sources: ["GHSA-4gph-2hhr-5mwg"],
    lesson: "A member that stands twice refuses the token, and names are told apart by case.",
    probes: [
      credential("Bearer {duplicateClaim}", "two sub members"),
      credential("Bearer {duplicateHeader}", "two alg members, one of them escaped"),
      credential("Bearer {caseVariantClaims}", "AUD and EXP in place of aud and exp"),
    ],
    proofs: [],
  },
  {
    number: 52,
    sources: ["measured: Envoy finds value_prefix anywhere in the value"],
    lesson: "The scheme stands at the beginning, and the token is all that follows it.",
    probes: [
      credential("xBearer {valid}", "a letter before the scheme"),
      credential("Basic Bearer {valid}", "another scheme before the scheme"),
      credential("token=Bearer {valid}", "a parameter before the scheme"),
      credential("Bearer {valid} x", "a word behind the token"),
      credential("Bearer {valid},x", "a comma behind the token"),
      credential("Bearer={valid}", "an equals sign in place of the space"),
      credential("Bearer{valid}", "no space"),
      credential('Bearer "{valid}"', "the token in quotes"),
    ],
    proofs: [],
  },
];
