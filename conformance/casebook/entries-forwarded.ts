/** Entries 14 to 19: who may describe a request. */

import type { CasebookEntry, Probe } from "./entry.ts";

function lie(name: string, value = "{open}"): Probe {
  return { tries: `${name}: ${value}`, headers: [[name, value]], never: ["guarded_reached"] };
}

export const FORWARDED_ENTRIES: readonly CasebookEntry[] = [
  {
    number: 14,
    sources: ["CVE-2026-40575"],
    lesson: "Only gateways that are listed may say what was asked for, and nobody can list everyone.",
    probes: [
      lie("X-Forwarded-Uri"),
      lie("X-Forwarded-Path"),
      lie("X-Original-Uri"),
      lie("X-Auth-Request-Redirect"),
    ],
    proofs: [
      { level: "configuration", says: "refuses to trust the whole internet as a proxy" },
      { level: "decision", says: "believes no description from a peer that is not listed" },
    ],
  },
  {
    number: 15,
    sources: ["CVE-2026-33495"],
    lesson: "The scheme, the host and the address that a client claims for itself open nothing.",
    probes: [
      lie("X-Forwarded-Proto", "https"),
      lie("X-Forwarded-For", "127.0.0.1"),
      lie("X-Real-Ip", "127.0.0.1"),
      lie("Forwarded", "for=127.0.0.1;host=localhost;proto=https"),
      {
        tries: "another host than the guarded one in X-Forwarded-Host",
        target: "{open}",
        host: "{guardedHost}",
        headers: [["X-Forwarded-Host", "{host}"]],
        never: ["guarded_reached"],
      },
    ],
    proofs: [],
  },
  {
    number: 16,
    sources: ["CVE-2026-39858", "GHSA-6384-m2mw-rf54"],
    lesson: "Descriptions count under their exact names only, and unknown ones not at all.",
    probes: [
      lie("X_Forwarded_Uri"),
      lie("X_Forwarded-Uri"),
      lie("X-Forwarded_Uri"),
      lie("X-Forwarded-Prefix", "{openFolder}"),
      lie("X_Original_Uri"),
    ],
    proofs: [],
  },
  {
    number: 17,
    sources: ["CVE-2026-34457"],
    lesson: "No header of a request turns the check off; health is asked of another listener.",
    probes: [
      lie("User-Agent", "kube-probe/1.31"),
      lie("User-Agent", "GoogleHC/1.0"),
      lie("User-Agent", "ELB-HealthChecker/2.0"),
      lie("X-Health-Check", "1"),
      lie("X-Requested-With", "XMLHttpRequest"),
      lie("X-Envoy-Internal", "true"),
    ],
    proofs: [],
  },
  {
    number: 18,
    sources: ["measured: nginx 1.22 hands on a client's X-Forwarded-Uri and X-Forwarded-Method"],
    lesson: "Two descriptions of one request that differ are refused.",
    probes: [
      {
        tries: "both an open path and OPTIONS",
        headers: [
          ["X-Forwarded-Uri", "{open}"],
          ["X-Forwarded-Method", "OPTIONS"],
        ],
        never: ["guarded_reached"],
      },
      lie("X-Forwarded-Method", "OPTIONS"),
      lie("X-Original-Method", "OPTIONS"),
      lie("X-HTTP-Method-Override", "OPTIONS"),
    ],
    proofs: [
      { level: "decision", says: "reads X-Original-* alone, and refuses where X-Forwarded-* differs" },
    ],
  },
  {
    number: 19,
    sources: ["measured: Caddy 2.6 appends the client's query to that of the question"],
    lesson: "What is demanded never stands in a query that a client can add to.",
    probes: [
      {
        tries: "parameters that turn checks off",
        target: "{guarded}?allow=anonymous&skip_auth=true&policy=none",
        never: ["guarded_reached"],
      },
      {
        tries: "parameters that name another request",
        target: "{guarded}?uri={open}&rd={open}&allowed_groups=",
        never: ["guarded_reached"],
      },
    ],
    proofs: [{ level: "decision", says: "reads nothing from the query of its own endpoints" }],
  },
];
