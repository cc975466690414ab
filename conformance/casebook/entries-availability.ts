/** Entries 39 to 46: caches, fetches and failures. */

import type { CasebookEntry } from "./entry.ts";

export const AVAILABILITY_ENTRIES: readonly CasebookEntry[] = [
  {
    number: 39,
    sources: ["CVE-2026-33496", "GHSA-qvp4-rpmr-xwrr"],
    lesson: "What is remembered of a token is remembered for exactly the questions that were asked about it.",
    probes: [],
    proofs: [
      { level: "decision", says: "judges each route anew by what was remembered of a token" },
      { level: "decision", says: "asks again where another endpoint, client or audience is configured" },
    ],
  },
  {
    number: 40,
    sources: ["AWS simple authorizers cached over routes"],
    lesson: "An answer that is cached for all routes must hold for all routes.",
    probes: [],
    proofs: [
      { level: "library", says: "makes no authorizer whose answers would be remembered for other routes" },
      { level: "library", says: "allows the whole stage only where all its routes ask the same" },
    ],
  },
  {
    number: 41,
    sources: ["heimdall: a fetch for each unknown kid", "envoyproxy/gateway#4791"],
    lesson: "Whatever keys clients invent, an issuer is asked at most once in each interval.",
    probes: [],
    proofs: [
      { level: "library", says: "fetches at most once more for two hundred invented keys, and lets none in" },
    ],
  },
  {
    number: 42,
    sources: ["CVE-2024-34364", "CVE-2025-64527"],
    lesson: "What an issuer answers is bounded, and a client that leaves breaks nothing.",
    probes: [],
    proofs: [
      { level: "decision", says: "lives through key sets that are endless, deep or many, and answers 503" },
      { level: "decision", says: "lives through clients that leave while their keys are fetched" },
    ],
  },
  {
    number: 43,
    sources: ["Envoy: keys are stale forever where they are fetched beforehand", "istio/istio#58101"],
    lesson: "The last good keys serve for a bounded time; after it the answer is 503 and never 401.",
    probes: [],
    proofs: [
      { level: "library", says: "uses stale keys for as long as it was told, then calls itself unavailable" },
    ],
  },
  {
    number: 44,
    sources: ["Authorino: a lock held during discovery"],
    lesson: "An issuer that hangs holds up nobody else's tokens.",
    probes: [],
    proofs: [{ level: "decision", says: "judges the tokens of one issuer while another does not answer" }],
  },
  {
    number: 45,
    sources: ["liboauth2, August 2026: a refused token became status 500"],
    lesson: "Every reason has its status, in every gateway's terms.",
    probes: [],
    proofs: [{ level: "decision", says: "gives every reason a status of its fault in every dialect" }],
  },
  {
    number: 46,
    sources: ["CVE-2023-28625", "CVE-2024-24814"],
    lesson: "Headers are read in one pass, however they are made.",
    probes: [
      {
        tries: "a cookie of two thousand empty pairs",
        headers: [["Cookie", "=;".repeat(2000)]],
        never: ["guarded_reached", "no_answer"],
      },
      {
        tries: "a credential of four thousand commas",
        headers: [["Authorization", `Bearer ${",".repeat(4000)}`]],
        never: ["let_in", "no_answer"],
      },
      {
        tries: "a credential of four thousand spaces",
        headers: [["Authorization", `Bearer${" ".repeat(4000)}x`]],
        never: ["let_in", "no_answer"],
      },
      {
        tries: "a credential with an open quote",
        headers: [["Authorization", `Bearer a="${"\\".repeat(3000)}`]],
        never: ["let_in", "no_answer"],
      },
      {
        tries: "a token of two thousand dots",
        headers: [["Authorization", `Bearer ${".".repeat(2000)}`]],
        never: ["let_in", "no_answer"],
      },
    ],
    proofs: [
      {
        level: "library",
        says: "reads any header without throwing and without finding a token that is not there",
      },
    ],
  },
];
