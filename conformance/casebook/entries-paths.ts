/** Entries 1 to 13: what is decided about is not what is served. */

import type { CasebookEntry, Probe } from "./entry.ts";

function asNobody(target: string, tries: string): Probe {
  return { tries, target, never: ["guarded_reached"] };
}

export const PATH_ENTRIES: readonly CasebookEntry[] = [
  {
    number: 1,
    sources: ["CVE-2020-8595"],
    lesson: "A rule for an exact path holds whatever query or fragment is written behind it.",
    probes: [
      asNobody("{guarded}?", "an empty query behind a guarded path"),
      asNobody("{guarded}?a=b", "a query behind a guarded path"),
      asNobody("{guarded}#", "an empty fragment behind a guarded path"),
      asNobody("{guarded}#a?b", "a fragment and a query behind a guarded path"),
    ],
    proofs: [],
  },
  {
    number: 2,
    sources: ["CVE-2021-29492", "CVE-2021-31920"],
    lesson: "Every spelling of a path that some server reads alike gets the same decision, or none.",
    probes: [
      asNobody("/{guarded}", "a double slash at the beginning"),
      asNobody("{guardedFolder}//1", "a double slash within"),
      asNobody("{guardedFolder}%2F1", "an encoded slash"),
      asNobody("{guardedFolder}%5C1", "an encoded backslash"),
      asNobody("{guardedFolder}\\1", "a backslash"),
      asNobody("{guardedEncoded}", "an encoded letter"),
      asNobody("{guardedUpper}", "capital letters"),
      asNobody("{openFolder}%5C..%5C{guardedBare}", "encoded backslashes out of an open folder"),
      asNobody("{openFolder}\\..\\{guardedBare}", "backslashes out of an open folder"),
    ],
    proofs: [],
  },
  {
    number: 3,
    sources: ["CVE-2021-39156", "CVE-2026-41059"],
    lesson: "A raw # in a target is an error, and an encoded one is a character like any other.",
    probes: [
      asNobody("{guarded}#{open}", "an open path as fragment"),
      asNobody("{open}#/../..{guarded}", "a guarded path behind the fragment of an open one"),
      asNobody("{guarded}%23{open}", "an open path behind an encoded #"),
      asNobody("{openFolder}%23/..{guarded}", "a guarded path behind an encoded #"),
      {
        tries: "an encoded # as a character of an open path",
        target: "{openFolder}/a%23b",
        never: ["meaning_changed"],
      },
    ],
    proofs: [],
  },
  {
    number: 4,
    sources: ["CVE-2021-39155", "CVE-2026-42273"],
    lesson: "Hosts are compared without regard to case, port and the final dot.",
    probes: ["{guardedHostUpper}", "{guardedHost}.", "{guardedHost}:80", "{guardedHostUpper}.:80"].map(
      (host): Probe => ({
        tries: `the guarded host as ${host.replace("Upper", " in capitals").replace(/[{}]/g, "")}`,
        target: "{open}",
        host,
        never: ["guarded_reached"],
      }),
    ),
    proofs: [],
  },
  {
    number: 5,
    sources: ["CVE-2025-54576"],
    lesson: "Rules that let requests through see the path alone, and all of it.",
    probes: [
      asNobody("{guarded}?{open}", "an open path as query"),
      asNobody("{guarded}?next={open}", "an open path as a parameter"),
      asNobody("{guarded}?x=/healthz", "a health path as a parameter"),
      asNobody("{guarded}?/favicon.ico", "a path that is often open as query"),
    ],
    proofs: [],
  },
  {
    number: 6,
    sources: ["GHSA-r27r-rr9v-vv37"],
    lesson: "A pattern matches from the first character of the path to the last, or is refused.",
    probes: [
      asNobody("{guarded}{open}", "an open path at the end of a guarded one"),
      asNobody("{guarded}{openFolder}", "an open folder at the end of a guarded path"),
      asNobody("{guarded}{openFolder}.css", "an open folder within the last segment"),
    ],
    proofs: [{ level: "configuration", says: "refuses patterns of paths that are not anchored" }],
  },
  {
    number: 7,
    sources: ["CVE-2026-32811"],
    lesson: "Where a gateway hands over path and query as one, they are parted at the first question mark.",
    probes: [
      asNobody("{guarded}?a=b?c", "two question marks"),
      asNobody("{guarded}%3F{open}", "an open path behind an encoded question mark"),
      asNobody("{openFolder}/?/../..{guarded}", "a guarded path within the query of an open one"),
    ],
    proofs: [],
  },
  {
    number: 8,
    sources: ["CVE-2026-42272"],
    lesson: "The case of hexadecimal digits decides nothing.",
    probes: [
      asNobody("{openFolder}%2f..%2f{guardedBare}", "encoded slashes in lower case"),
      asNobody("{openFolder}%2F..%2F{guardedBare}", "encoded slashes in upper case"),
      asNobody("{guardedFolder}%2f1", "an encoded slash in lower case"),
      asNobody("{openFolder}/..%2f..%5c{guardedBare}", "a slash and a backslash, encoded"),
    ],
    proofs: [],
  },
  {
    number: 9,
    sources: ["CVE-2026-42274", "CVE-2026-33494"],
    lesson: "A path with dot segments is decided about as it will be resolved, or not at all.",
    probes: [
      asNobody("{openFolder}/..{guarded}", "a dot segment out of an open folder"),
      asNobody("{openFolder}/./..{guarded}", "two kinds of dot segments"),
      asNobody("{openFolder}/%2e%2e{guarded}", "an encoded dot segment"),
      asNobody("{openFolder}/.%2E{guarded}", "a dot segment of which half is encoded"),
      asNobody("{openFolder}/%252e%252e{guarded}", "a dot segment that was encoded twice"),
      asNobody("{openFolder}/..;{guarded}", "a dot segment with parameters"),
      asNobody("{openFolder}/..;a=b{guarded}", "a dot segment with a named parameter"),
      asNobody("{openFolder}/..%00{guarded}", "a dot segment with NUL"),
    ],
    proofs: [],
  },
  {
    number: 10,
    sources: ["GHSA-6jwx-7vp4-9847"],
    lesson: "What is decided about and what is forwarded are the same octets.",
    probes: [
      "{openFolder}/a%20b",
      "{openFolder}/%7Ehome/a+b",
      "{openFolder}/%E2%82%AC?x=%2F..%2F",
      "{openFolder}/a%3Fb",
      "{openFolder}/a%25b",
    ].map(
      (target): Probe => ({
        tries: `${target.replace("{openFolder}", "an open path with ")} arrives with its meaning`,
        target,
        never: ["meaning_changed", "guarded_reached"],
      }),
    ),
    proofs: [],
  },
  {
    number: 11,
    sources: ["CVE-2023-27487", "CVE-2024-7207"],
    lesson: "Headers in which some proxies keep a path never choose the rule.",
    probes: ["X-Envoy-Original-Path", "X-Original-Url", "X-Rewrite-Url", "X-Envoy-Decorator-Operation"].map(
      (name): Probe => ({
        tries: `an open path in ${name}`,
        headers: [[name, "{open}"]],
        never: ["guarded_reached"],
      }),
    ),
    proofs: [],
  },
  {
    number: 12,
    sources: ["a report about AWS API Gateway's HTTP APIs"],
    lesson: "A path with and without its final slash are two paths, and both have a rule.",
    probes: [
      asNobody("{guarded}/", "a guarded path with a final slash"),
      asNobody("{guardedFolder}/", "a guarded folder with a final slash"),
      asNobody("{guardedFolder}", "a guarded folder without a final slash"),
      asNobody("{guarded}%2F", "a guarded path with an encoded final slash"),
    ],
    proofs: [
      { level: "configuration", says: "warns where a guarded path's other spelling is open to everyone" },
    ],
  },
  {
    number: 13,
    sources: ["Envoy's documentation of clear_route_cache"],
    lesson: "No gateway chooses another route after the decision that was made about the first.",
    probes: [],
    proofs: [
      { level: "configuration", says: "hands out no gateway configuration that clears the route cache" },
    ],
  },
];
