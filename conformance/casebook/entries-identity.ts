/** Entries 20 to 27: identity that a client wrote itself, or took away. */

import type { CasebookEntry, Probe } from "./entry.ts";

const CALLER = ["Authorization", "Bearer {valid}"] as const;

/** As nobody on an open path, and as somebody on a guarded one. */
function forge(name: string, value = "{forged}"): readonly Probe[] {
  return [
    {
      tries: `${name} on an open path`,
      target: "{open}",
      headers: [[name, value]],
      never: ["identity_forged"],
    },
    {
      tries: `${name} beside a valid token`,
      headers: [CALLER, [name, value]],
      never: ["identity_forged", "identity_repeated"],
    },
  ];
}

function takeAway(value: string): Probe {
  return {
    tries: `Connection: ${value} beside a valid token`,
    headers: [CALLER, ["Connection", value]],
    never: ["identity_lost", "no_answer"],
  };
}

export const IDENTITY_ENTRIES: readonly CasebookEntry[] = [
  {
    number: 20,
    sources: ["CVE-2025-64484", "CVE-2026-52845", "GHSA-49wc-4hcv-v58q"],
    lesson: "Identity headers are guarded in every spelling that some application reads as one name.",
    probes: [
      "{identityUnderscore}",
      "{identityDot}",
      "{identityMixed}",
      "{identityMixedOther}",
      "{identityUpper}",
    ].flatMap((name) => forge(name)),
    proofs: [],
  },
  {
    number: 21,
    sources: ["CVE-2026-30851", "CVE-2026-39998"],
    lesson:
      "Every identity header is written or removed with every request, also where there is nothing to write.",
    probes: [...forge("{identity}"), ...forge("{identityOther}")],
    proofs: [
      { level: "decision", says: "sends every identity header with every permission, empty ones too" },
    ],
  },
  {
    number: 22,
    sources: ["CVE-2026-44087", "CVE-2017-6413", "CVE-2017-6062"],
    lesson: "What a client wrote is removed before anything is verified, in every mode.",
    probes: (["expired", "tampered", "unsigned"] as const).flatMap((kind): readonly Probe[] => [
      {
        tries: `an identity beside a token that is ${kind}, on an open path`,
        target: "{open}",
        headers: [
          ["Authorization", `Bearer {${kind}}`],
          ["{identity}", "{forged}"],
        ],
        never: ["identity_forged"],
      },
      {
        tries: `an identity beside a token that is ${kind}, on a guarded path`,
        headers: [
          ["{identity}", "{forged}"],
          ["Authorization", `Bearer {${kind}}`],
        ],
        never: ["let_in"],
      },
    ]),
    proofs: [],
  },
  {
    number: 23,
    sources: ["mod_auth_openidc, August 2026: the scrub was left out for OPTIONS"],
    lesson: "Requests that need no token are scrubbed like all others: preflights, open paths, health.",
    probes: [
      ...["OPTIONS", "HEAD", "POST"].map(
        (method): Probe => ({
          tries: `${method} on an open path with an identity`,
          method,
          target: "{open}",
          headers: [["{identity}", "{forged}"]],
          never: ["identity_forged"],
        }),
      ),
      ...["{guarded}", "{open}"].map(
        (target): Probe => ({
          tries: `a CORS preflight of ${target === "{open}" ? "an open" : "a guarded"} path with an identity`,
          method: "OPTIONS",
          target,
          headers: [
            ["Origin", "https://app.example.com"],
            ["Access-Control-Request-Method", "GET"],
            ["{identity}", "{forged}"],
            ["{identityUnderscore}", "{forged}"],
          ],
          never: ["identity_forged"],
        }),
      ),
    ],
    proofs: [],
  },
  {
    number: 24,
    sources: ["CVE-2025-48865", "measured: Caddy 2.6 drops what Connection names after the decision"],
    lesson: "A client's Connection header takes no identity away.",
    probes: [
      takeAway("close, {identity}"),
      takeAway("close, {identityUpper}"),
      takeAway("{identity}, close"),
      takeAway("close,{identity},x"),
      takeAway("close, {identityUnderscore}, {identity}"),
      {
        tries: "two Connection headers, the second with the identity",
        headers: [CALLER, ["Connection", "close"], ["Connection", "{identity}"]],
        never: ["identity_lost", "no_answer"],
      },
      {
        tries: "Connection: Authorization without a token",
        headers: [["Connection", "close, Authorization"]],
        never: ["guarded_reached"],
      },
    ],
    proofs: [],
  },
  {
    number: 25,
    sources: ["CVE-2026-26308"],
    lesson: "Two of a header that decides are refused; nobody picks one.",
    probes: [
      {
        tries: "a valid token and another, in two headers",
        headers: [CALLER, ["Authorization", "Bearer {tampered}"]],
        never: ["let_in"],
      },
      {
        tries: "another token and a valid one, in two headers",
        headers: [["authorization", "Bearer {tampered}"], CALLER],
        never: ["let_in"],
      },
      { tries: "the same valid token in two headers", headers: [CALLER, CALLER], never: ["let_in"] },
      {
        tries: "two tokens in one header",
        headers: [["Authorization", "Bearer {valid}, Bearer {tampered}"]],
        never: ["let_in"],
      },
      {
        tries: "an identity twice, beside a valid token",
        headers: [CALLER, ["{identity}", "{forged}"], ["{identity}", "{forged}"]],
        never: ["identity_forged", "identity_repeated"],
      },
      { tries: "two Host headers", headers: [["Host", "other.invalid"]], never: ["guarded_reached"] },
    ],
    proofs: [],
  },
  {
    number: 26,
    sources: ["measured: Envoy's ext_authz appends by default"],
    lesson: "The identity replaces what a client wrote under its name, and is not added to it.",
    probes: [
      {
        tries: "the identity before the token",
        headers: [["{identity}", "{forged}"], CALLER],
        never: ["identity_forged", "identity_repeated", "identity_lost"],
      },
      {
        tries: "the identity after the token, in capitals",
        headers: [CALLER, ["{identityUpper}", "{forged}"]],
        never: ["identity_forged", "identity_repeated", "identity_lost"],
      },
    ],
    proofs: [
      { level: "decision", says: "tells Envoy over gRPC to overwrite, in the terms of old and new versions" },
    ],
  },
  {
    number: 27,
    sources: ["CVE-2023-27488"],
    lesson: "Octets that are no UTF-8 stop nothing from being judged, and claims bring none into a header.",
    probes: [
      {
        tries: "a header that is no UTF-8, without a token",
        headers: [["X-Name", "a\u00ff\u00fe\u0080b"]],
        never: ["guarded_reached", "no_answer"],
      },
      {
        tries: "a header that is no UTF-8, with a token that was tampered with",
        headers: [
          ["X-Name", "\u00c3\u0028"],
          ["Authorization", "Bearer {tampered}"],
        ],
        never: ["let_in", "no_answer"],
      },
      {
        tries: "a subject with a line break and another header behind it",
        headers: [["Authorization", "Bearer {lineBreakSubject}"]],
        never: ["identity_forged", "identity_repeated", "no_answer"],
      },
    ],
    proofs: [],
  },
];
