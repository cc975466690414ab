/** The suite that every runtime runs: the same cases on Node, Bun, Deno and workerd. */

import {
  createLocalIssuer,
  encodeJson,
  expectClaim,
  expectVerdict,
  NOW_SECONDS,
  type SuiteAlgorithm,
  validateWith,
} from "./local-issuer.ts";
import type { SuiteCase } from "./suite-case.ts";

const ALGORITHMS: readonly SuiteAlgorithm[] = ["ES256", "RS256", "PS256", "Ed25519"];

function acceptsSoundTokens(algorithm: SuiteAlgorithm): SuiteCase {
  return {
    name: `${algorithm}: a sound token is accepted and its claims are handed over`,
    async run(library) {
      const issuer = await createLocalIssuer(algorithm);
      const verdict = await validateWith(library, { issuer, token: await issuer.sign() });
      expectVerdict(verdict, "ok");
      expectClaim(verdict, { sub: "alice", exp: NOW_SECONDS + 300 });
    },
  };
}

function refusesForeignSignatures(algorithm: SuiteAlgorithm): SuiteCase {
  return {
    name: `${algorithm}: a token signed by another key under the same kid is refused`,
    async run(library) {
      const [issuer, stranger] = await Promise.all([
        createLocalIssuer(algorithm),
        createLocalIssuer(algorithm),
      ]);
      expectVerdict(
        await validateWith(library, { issuer, token: await stranger.sign() }),
        "signature_invalid",
      );
    },
  };
}

function refusesChangedClaims(algorithm: SuiteAlgorithm): SuiteCase {
  return {
    name: `${algorithm}: claims changed after signing are refused`,
    async run(library) {
      const issuer = await createLocalIssuer(algorithm);
      const [token, other] = await Promise.all([issuer.sign(), issuer.sign({ claims: { sub: "mallory" } })]);
      const [header = "", , signature = ""] = token.split(".");
      const forged = `${header}.${other.split(".")[1] ?? ""}.${signature}`;
      expectVerdict(await validateWith(library, { issuer, token: forged }), "signature_invalid");
    },
  };
}

interface Refusal {
  readonly name: string;
  readonly reason: string;
  readonly header?: object;
  readonly claims?: object;
}

const REFUSALS: readonly Refusal[] = [
  { name: "an expired token", reason: "token_expired", claims: { exp: NOW_SECONDS - 31 } },
  { name: "a token from the future", reason: "token_not_yet_valid", claims: { nbf: NOW_SECONDS + 31 } },
  {
    name: "a token for somebody else",
    reason: "audience_mismatch",
    claims: { aud: "https://other.example" },
  },
  { name: "a token of a stranger", reason: "issuer_untrusted", claims: { iss: "https://stranger.example/" } },
  { name: "a token without exp", reason: "claim_missing", claims: { exp: undefined } },
  {
    name: "a token with a critical header",
    reason: "critical_header_unsupported",
    header: { crit: ["b64"], b64: false },
  },
  { name: "a token of an unknown key", reason: "key_unknown", header: { kid: "two" } },
];

function refuses({ name, reason, header = {}, claims = {} }: Refusal): SuiteCase {
  return {
    name: `${name} is refused as ${reason}`,
    async run(library) {
      const issuer = await createLocalIssuer("ES256");
      const token = await issuer.sign({ header, claims });
      expectVerdict(await validateWith(library, { issuer, token }), reason);
    },
  };
}

const UNSIGNED: SuiteCase = {
  name: 'a token with "alg": "none" is refused as algorithm_not_allowed',
  async run(library) {
    const issuer = await createLocalIssuer("ES256");
    const [, claims = ""] = (await issuer.sign()).split(".");
    const token = `${encodeJson({ alg: "none", typ: "JWT" })}.${claims}.`;
    expectVerdict(await validateWith(library, { issuer, token }), "algorithm_not_allowed");
  },
};

const MISCONFIGURED: SuiteCase = {
  name: "a configuration without issuers is refused when the validator is made",
  async run(library) {
    try {
      library.createValidator({ issuers: [] });
    } catch (error) {
      if (error instanceof library.ConfigurationError) return;
      throw error;
    }
    throw new Error("expected a ConfigurationError");
  },
};

export const cases: readonly SuiteCase[] = [
  ...ALGORITHMS.map(acceptsSoundTokens),
  ...ALGORITHMS.map(refusesForeignSignatures),
  ...ALGORITHMS.map(refusesChangedClaims),
  ...REFUSALS.map(refuses),
  UNSIGNED,
  MISCONFIGURED,
];
