/** What a configuration of exchanges and assertions may say, and what is told about it. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { checkConfiguration } from "../../src/config/check-configuration.ts";
import { hashConfiguration } from "../../src/config/hash-configuration.ts";
import { parseConfiguration } from "../../src/config/parse-configuration.ts";

const MAIN = { issuer: "https://main.test/", name: "main", audiences: ["a"], keys: { discovery: true } };
const OTHER = { ...MAIN, issuer: "https://other.test/", name: "other" };
const EXCHANGE = {
  tokenEndpoint: "https://main.test/token",
  clientId: "c",
  clientSecret: "s3cret",
  audiences: ["orders"],
};
const ASSERTION = {
  issuer: "https://sidecar.test",
  audience: "orders",
  keys: {
    store: { directory: "/var/lib/countersign/ledger" },
    backend: { backend: "file", directory: "/var/lib/countersign/keys", passphrase: { env: "PASSPHRASE" } },
  },
};
const ROUTE = { path: "/**", allow: "authenticated" };

function check(configuration: object): ReturnType<typeof checkConfiguration> {
  const text = JSON.stringify({ issuers: [MAIN], routes: [ROUTE], ...configuration });
  return checkConfiguration(text, { env: { SECRET: "of the environment" }, baseDir: "/" });
}

function listProblems(configuration: object): readonly string[] {
  return check(configuration).problems.map(({ path }) => path);
}

function listFindings(configuration: object): readonly string[] {
  return check(configuration).findings.map(({ path }) => path);
}

describe("an exchange", () => {
  const CASES: readonly (readonly [what: string, exchange: object, path: string])[] = [
    ["is over https", { tokenEndpoint: "http://main.test/token" }, "exchanges.x.tokenEndpoint"],
    ["is for somebody", { audiences: [] }, "exchanges.x.audiences"],
    ["is for absolute URIs", { resources: ["orders"] }, "exchanges.x.resources[0]"],
    ["is for URIs without fragment", { resources: ["https://r.test/#a"] }, "exchanges.x.resources[0]"],
    ["says who we are", { clientSecret: undefined }, "exchanges.x.clientId"],
    ["says so in one way", { privateKey: "k" }, "exchanges.x.clientSecret"],
    ["is of a known kind", { requestedTokenType: "refresh_token" }, "exchanges.x.requestedTokenType"],
    ["of a transaction has a scope", { requestedTokenType: "txn_token" }, "exchanges.x.scopes"],
    [
      "of a transaction has one audience",
      { requestedTokenType: "txn_token", scopes: ["s"], audiences: ["a", "b"] },
      "exchanges.x.audiences",
    ],
    ["is remembered for an hour at most", { cacheSeconds: 3601 }, "exchanges.x.cacheSeconds"],
    ["is waited for within bounds", { timeoutMs: 10_001 }, "exchanges.x.timeoutMs"],
    ["knows its issuers", { issuers: ["nobody"] }, "exchanges.x.issuers[0]"],
  ];
  for (const [what, exchange, path] of CASES) {
    it(`${what}, or the file is refused`, () => {
      assert.deepEqual(listProblems({ exchanges: { x: EXCHANGE } }), []);
      assert.deepEqual(listProblems({ exchanges: { x: { ...EXCHANGE, ...exchange } } }), [path]);
    });
  }

  it("says whose tokens it may see where there are several issuers", () => {
    const issuers = [MAIN, OTHER];
    assert.deepEqual(listProblems({ issuers, exchanges: { x: EXCHANGE } }), ["exchanges.x.issuers"]);
    const named = { ...EXCHANGE, issuers: ["main"] };
    assert.deepEqual(listProblems({ issuers, exchanges: { x: named } }), []);
  });

  it("is there where a route or an upstream asks for it, and the route asks for a token", () => {
    const upstreams = { u: { url: "https://u.test", exchange: "y" } };
    const routes = [{ ...ROUTE, exchange: "z", upstream: "u" }];
    const paths = listProblems({ exchanges: { x: EXCHANGE }, upstreams, routes });
    assert.deepEqual(paths, ["routes[0].exchange", "upstreams.u.exchange"]);
    const anonymous = [{ path: "/**", allow: "anonymous", exchange: "x" }];
    assert.deepEqual(listProblems({ exchanges: { x: EXCHANGE }, routes: anonymous }), ["routes[0].exchange"]);
  });

  it("is told of where two upstreams would get the same tokens", () => {
    const exchanges = { x: EXCHANGE };
    const upstreams = { u: { url: "https://u.test", exchange: "x" }, v: "https://v.test" };
    const one = [{ ...ROUTE, upstream: "u" }];
    const two = [...one, { ...ROUTE, path: "/v/**", upstream: "v", exchange: "x" }];
    assert.deepEqual(listFindings({ exchanges, upstreams, routes: one }), []);
    assert.deepEqual(listFindings({ exchanges, upstreams, routes: two }), ["exchanges.x"]);
  });

  it("takes its secret from the environment, and tells nothing about it in the configuration's hash", () => {
    const parse = (clientSecret: string): ReturnType<typeof parseConfiguration> =>
      parseConfiguration(
        JSON.stringify({ issuers: [MAIN], routes: [ROUTE], exchanges: { x: { ...EXCHANGE, clientSecret } } }),
        { env: { SECRET: "of the environment" }, baseDir: "/" },
      );
    const referred = parse("${SECRET}");
    assert.equal(referred.exchanges["x"]?.clientSecret, "of the environment");
    assert.equal(hashConfiguration(referred), hashConfiguration(parse("another")));
  });
});

describe("an assertion", () => {
  const CASES: readonly (readonly [what: string, assertion: object, member: string])[] = [
    ["has an https issuer", { issuer: "http://sidecar.test" }, "issuer"],
    ["speaks for no issuer of tokens", { issuer: MAIN.issuer }, "issuer"],
    ["has a header of its own", { header: "subject" }, "header"],
    ["lives for a minute at most", { lifetimeSeconds: 61 }, "lifetimeSeconds"],
    ["lives long enough to arrive", { lifetimeSeconds: 9 }, "lifetimeSeconds"],
    ["repeats no claim that means something else there", { claims: ["cnf"] }, "claims[0]"],
    ["repeats nothing that makes another kind of token of it", { claims: ["nonce"] }, "claims[0]"],
    ["has keys that somebody holds", { keys: { store: { directory: "/k" } } }, "keys.backend"],
    [
      "has no passphrase in the file",
      {
        keys: {
          ...ASSERTION.keys,
          backend: { ...ASSERTION.keys.backend, passphrase: "correct horse battery" },
        },
      },
      "keys.backend.passphrase",
    ],
    ["has one place for its keys", { keys: { ...ASSERTION.keys, store: "memory" } }, "keys.backend"],
  ];
  for (const [what, assertion, member] of CASES) {
    it(`${what}, or the file is refused`, () => {
      assert.deepEqual(listProblems({ identityHeaders: { assertion: ASSERTION } }), []);
      const [path = "", ...others] = listProblems({
        identityHeaders: { assertion: { ...ASSERTION, ...assertion } },
      });
      assert.deepEqual([path.startsWith(`identityHeaders.assertion.${member}`), others], [true, []], path);
    });
  }

  it("says how subjects are told apart where there are several issuers", () => {
    const issuers = [MAIN, OTHER];
    const signed = (subjects?: string): object => ({
      issuers,
      identityHeaders: { assertion: { ...ASSERTION, ...(subjects !== undefined && { subjects }) } },
    });
    assert.deepEqual(listProblems(signed()), ["identityHeaders.assertion.subjects"]);
    assert.deepEqual(listFindings(signed("qualified")), []);
    assert.deepEqual(listFindings(signed("plain")), ["identityHeaders.assertion.subjects"]);
  });

  it("has a header that no claim takes", () => {
    const identityHeaders = { assertion: ASSERTION, claims: { email: "assertion" } };
    assert.deepEqual(listProblems({ identityHeaders }), ["identityHeaders.claims.email"]);
  });

  it("is there where somebody says whom it is for", () => {
    const routes = [{ ...ROUTE, assertionAudience: "a" }];
    const upstreams = { u: { url: "https://u.test", assertionAudience: "b" } };
    assert.deepEqual(listProblems({ routes, upstreams, upstream: "https://m.test" }), [
      "routes[0].assertionAudience",
      "upstreams.u.assertionAudience",
    ]);
  });

  it("is told of where its keys are gone with the process, or two upstreams are meant by one audience", () => {
    const memory = { ...ASSERTION, keys: { store: "memory" } };
    const found = listFindings({ identityHeaders: { assertion: memory } });
    assert.deepEqual(found, ["identityHeaders.assertion.keys.store"]);
    const routes = [ROUTE, { ...ROUTE, path: "/u/**", upstream: "u" }];
    const shared = { identityHeaders: { assertion: ASSERTION }, routes, upstream: "https://m.test" };
    const alike = { u: "https://u.test" };
    assert.deepEqual(listFindings({ ...shared, upstreams: alike }), ["identityHeaders.assertion.audience"]);
    const apart = { u: { url: "https://u.test", assertionAudience: "u" } };
    assert.deepEqual(listFindings({ ...shared, upstreams: apart }), []);
  });
});
