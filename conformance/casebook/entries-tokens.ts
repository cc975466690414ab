/** Entries 28 to 38: tokens that are missing, wrong, or signed by somebody else. */

import type { CasebookEntry, Probe, TokenKind } from "./entry.ts";

function present(kind: TokenKind, tries: string): Probe {
  return { tries, headers: [["Authorization", `Bearer {${kind}}`]], never: ["let_in"] };
}

export const TOKEN_ENTRIES: readonly CasebookEntry[] = [
  {
    number: 28,
    sources: ["CVE-2021-21378"],
    lesson: "A token of an unknown issuer is a wrong token, not a missing one.",
    probes: [
      present("otherIssuer", "a token of an issuer that nobody configured"),
      ...(["otherIssuer", "unknownKey", "expired", "unsigned"] as const).map(
        (kind): Probe => ({
          ...present(kind, `a token of kind ${kind} where none is needed`),
          target: "{optional}",
        }),
      ),
    ],
    proofs: [],
  },
  {
    number: 29,
    sources: [
      "Envoy: no rule means open",
      "Kong: exp unset",
      "measured: HAProxy does not look at exp",
      "jwt_verify_lib: exp 0 means none",
    ],
    lesson: "What no rule names is refused, and a token without a time at which it ends is none.",
    probes: [
      { tries: "a path that no rule names", target: "/casebook-unnamed", never: ["let_in"] },
      present("expired", "a token that has expired"),
      present("expiryZero", "a token with exp 0"),
      present("missingExpiry", "a token without exp"),
    ],
    proofs: [],
  },
  {
    number: 30,
    sources: ["CVE-2026-49230", "CVE-2026-31837"],
    lesson: "There is no key but the issuer's; where it has none, nothing can be checked.",
    probes: [
      present("hmacWithKnownSecret", "a token signed with a secret that stands in documentation"),
      present("hmacWithEmptySecret", "a token signed with an empty secret"),
    ],
    proofs: [
      {
        level: "decision",
        says: "answers 503 with Retry-After, and not 401, where the issuer publishes no key",
      },
    ],
  },
  {
    number: 31,
    sources: ["measured: HAProxy's converters give negative codes that read as true"],
    lesson: "The result of a check cannot be taken for a yes by mistake.",
    probes: [],
    proofs: [{ level: "library", says: "tells yes from no by one member, and throws where nobody looks" }],
  },
  {
    number: 32,
    sources: ["CVE-2026-39999", "measured: HAProxy takes none, and HS256 with the key's path as secret"],
    lesson: "The key says which algorithm it is for, and none is for none.",
    probes: [
      present("unsigned", "alg none"),
      present("unsignedOddCase", "alg nOnE"),
      present("emptySignature", "an empty signature"),
      present("hmacWithPublicKey", "HS256 with the public key as secret"),
      present("hmacWithKeyId", "HS256 with the key's name as secret"),
      present("embeddedKey", "a key of the client's in the header"),
      present("unknownKey", "a key that the issuer does not publish"),
    ],
    proofs: [],
  },
  {
    number: 33,
    sources: ["APISIX: accept_unsupported_alg is on by default"],
    lesson: "A signature that cannot be checked is a wrong signature.",
    probes: [present("unsupportedAlgorithm", "an algorithm that nobody has")],
    proofs: [],
  },
  {
    number: 34,
    sources: ["CVE-2025-59420", "measured: HAProxy does not look at crit"],
    lesson: "An extension that is critical and not understood refuses the token.",
    probes: [
      present("criticalHeader", "crit with an extension that nobody knows"),
      present("unencodedPayload", "crit with b64"),
    ],
    proofs: [],
  },
  {
    number: 35,
    sources: ["CVE-2025-46647", "CVE-2026-40946", "Authorino: SkipIssuerCheck"],
    lesson: "A key counts for its own issuer only, and a token for the audience that it names.",
    probes: [
      present("issuerOfOtherKeys", "a token of one issuer, signed with the key of another"),
      present("otherAudience", "a token for another audience"),
      present("missingAudience", "a token for no audience"),
    ],
    proofs: [{ level: "configuration", says: "refuses an issuer without audiences" }],
  },
  {
    number: 36,
    sources: ["GHSA-wcvh-g65p-v576"],
    lesson: "Claims are checked alike, wherever they come from: a token, or an introspection.",
    probes: [],
    proofs: [
      {
        level: "decision",
        says: "refuses what an introspection says for the reason that refuses it in a token",
      },
      { level: "decision", says: "takes no refresh token for an access token because it is active" },
    ],
  },
  {
    number: 37,
    sources: ["ALBeast: tokens of any AWS load balancer were taken"],
    lesson: "A header that a load balancer signed counts only if it was our load balancer.",
    probes: [],
    proofs: [],
    notApplicable: "there is no preset for load balancers yet, so none of their tokens is taken",
  },
  {
    number: 38,
    sources: ["CVE-2026-32301", "heimdall: an endpoint templated with the token's issuer"],
    lesson: "Where keys are fetched from stands in the configuration, and never in a token.",
    probes: [present("keyUrl", "a token whose header says where its key is")],
    proofs: [
      { level: "library", says: "fetches nothing from where a token's jku, x5u or iss points" },
      { level: "library", says: "follows no metadata and no redirect of an issuer into the local network" },
      {
        level: "configuration",
        says: "refuses places for keys with a password, without encryption or without a host",
      },
    ],
  },
];
