import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, it } from "node:test";

import { createCertificate } from "../../../cli/test/kit/self-signed-certificate.ts";
import { checkConfiguration } from "../../src/config/check-configuration.ts";
import { hashConfiguration } from "../../src/config/hash-configuration.ts";

const ENDPOINT = "https://issuer.test/introspect";
const client = createCertificate({ daysLeft: 30 });
const ec = exportKey(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
const weak = exportKey(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey);

function exportKey(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function check(
  introspection: object | readonly object[],
  {
    routes = [{ path: "/**", allow: "authenticated" }],
    env = {},
  }: { routes?: object[]; env?: Record<string, string> } = {},
): ReturnType<typeof checkConfiguration> {
  const issuers = [introspection].flat().map((one, index) => ({
    issuer: `https://issuer${index}.test/`,
    audiences: ["https://api.test"],
    keys: { discovery: true },
    ...("none" in one ? {} : { introspection: { endpoint: ENDPOINT, clientId: "c", ...one } }),
  }));
  return checkConfiguration(JSON.stringify({ issuers, routes }), { env, baseDir: "/" });
}

function problemsOf(...parameters: Parameters<typeof check>): readonly string[] {
  return check(...parameters).problems.map(({ path, problem }) => `${path}: ${problem}`);
}

describe("an issuer without keys", () => {
  const problemsWithout = (issuer: object): readonly string[] => {
    const text = JSON.stringify({
      issuers: [{ issuer: "https://issuer.test/", audiences: ["https://api.test"], ...issuer }],
      routes: [{ path: "/**", allow: "authenticated" }],
    });
    const { problems } = checkConfiguration(text, { env: {}, baseDir: "/" });
    return problems.map(({ path, problem }) => `${path}: ${problem}`);
  };
  const introspection = { endpoint: ENDPOINT, clientId: "c", clientSecret: "s" };

  it("is one that is asked about opaque tokens", () => {
    assert.deepEqual(problemsWithout({ introspection }), []);
  });

  it("is a mistake where it is asked about none, or signs something", () => {
    assert.deepEqual(problemsWithout({}), ["issuers[0].keys: none"]);
    const unasked = { introspection: { ...introspection, opaqueTokens: false } };
    assert.deepEqual(problemsWithout(unasked), ["issuers[0].keys: none"]);
    assert.deepEqual(problemsWithout({ introspection, statusLists: {} }), [
      "issuers[0].keys: none, and status lists are signed with them",
    ]);
  });
});

describe("introspection in a configuration", () => {
  it("has bounds and times by default, and says whose tokens are meant", () => {
    const { configuration, problems } = check({ clientSecret: "s" });
    assert.deepEqual(problems, []);
    const [asked] = configuration?.introspection ?? [];
    assert.deepEqual(
      [asked?.issuer, asked?.alias, asked?.audiences],
      ["https://issuer0.test/", "issuer0.test", ["https://api.test"]],
    );
    const {
      endpoint: _,
      clientId: __,
      clientSecret: ___,
      ...defaults
    } = asked?.introspection ?? { endpoint: "", clientId: "" };
    assert.deepEqual(defaults, {
      opaqueTokens: true,
      jwts: "routes",
      cacheSeconds: 60,
      negativeCacheSeconds: 5,
      maxCacheEntries: 10_000,
      timeoutMs: 2000,
      maxConcurrent: 64,
      maxQueued: 256,
      insecureLoopbackHttp: false,
    });
    // The library is not told of it.
    assert.equal("introspection" in (configuration?.issuers[0] ?? {}), false);
  });

  it("takes its secret from the environment, and keeps it out of the hash", () => {
    const one = check({ clientSecret: "${SECRET}" }, { env: { SECRET: "first" } }).configuration;
    const two = check({ clientSecret: "${SECRET}" }, { env: { SECRET: "second" } }).configuration;
    assert.ok(one !== undefined && two !== undefined);
    assert.equal(one.introspection[0]?.introspection.clientSecret, "first");
    assert.equal(hashConfiguration(one), hashConfiguration(two));
    assert.match(
      problemsOf({ clientSecret: "file:gone" })[0] ?? "",
      /clientSecret: file:gone cannot be read/,
    );
  });

  const refused: readonly (readonly [object, RegExp])[] = [
    [{}, /introspection\.clientId: expected clientSecret, privateKey or tls\.certificate/i],
    [{ clientSecret: "s", privateKey: ec }, /clientSecret: expected either/i],
    [
      { clientSecret: "s", authentication: "private_key_jwt" },
      /privateKey: missing; expected what private_key_jwt needs/i,
    ],
    [
      { privateKey: ec, authentication: "client_secret_post" },
      /clientSecret: missing; expected what client_secret_post needs/i,
    ],
    [
      { clientSecret: "s", authentication: "tls_client_auth" },
      /tls: missing; expected what tls_client_auth needs/i,
    ],
    [
      {
        clientSecret: "s",
        authentication: "tls_client_auth",
        tls: { certificate: client.certificate, key: client.privateKey },
      },
      /clientSecret: expected none/i,
    ],
    [{ privateKey: "no key" }, /privateKey: expected a PEM private key/i],
    [{ privateKey: weak }, /privateKey: expected a key that/i],
    [{ privateKey: ec, algorithm: "RS256" }, /privateKey: expected a key that/i],
    [{ privateKey: ec, algorithm: "ES384" }, /privateKey: expected a key that/i],
    [{ clientSecret: "s", endpoint: "http://issuer.test/i" }, /endpoint: expected https/i],
    [{ clientSecret: "s", endpoint: "http://127.0.0.1/i" }, /endpoint: expected https/i],
    [
      { clientSecret: "s", endpoint: "http://127.0.0.1.evil.test/i", insecureLoopbackHttp: true },
      /endpoint: expected https/i,
    ],
    [
      { clientSecret: "s", endpoint: "https://user:pw@issuer.test/i" },
      /endpoint: expected a URL without user/i,
    ],
    [{ clientSecret: "s", endpoint: "file:///etc/passwd" }, /endpoint/],
    [
      { clientSecret: "s", signedAnswers: { jwksUri: "http://issuer.test/jwks" } },
      /signedAnswers\.jwksUri: expected https/i,
    ],
    [{ clientSecret: "s", signedAnswers: { jwksUri: ENDPOINT, algorithms: ["HS256"] } }, /algorithms/],
    [{ clientSecret: "s", cacheSeconds: 301 }, /cacheSeconds/],
    [{ clientSecret: "s", negativeCacheSeconds: 6 }, /negativeCacheSeconds/],
    [{ clientSecret: "s", timeoutMs: 99 }, /timeoutMs/],
    [{ clientSecret: "s", maxConcurrent: 0 }, /maxConcurrent/],
    [{ clientSecret: "s", scope: "x" }, /scope/],
  ];
  for (const [introspection, problem] of refused) {
    it(`refuses ${String(problem)}`, () => {
      const problems = problemsOf(introspection);
      assert.match(problems.join("\n"), problem);
      assert.doesNotMatch(problems.join("\n"), /BEGIN|"s"/);
    });
  }

  it("takes a key or a certificate in place of a secret", () => {
    const tls = { certificate: client.certificate, key: client.privateKey };
    for (const given of [
      { privateKey: ec },
      { privateKey: ec, algorithm: "ES256" },
      { tls },
      { tls, clientSecret: "s" },
    ])
      assert.deepEqual(problemsOf(given), []);
  });

  it("asks one issuer about opaque tokens, since they do not say whose they are", () => {
    assert.deepEqual(problemsOf([{ clientSecret: "s" }, { clientSecret: "s" }]), [
      "issuers[1].introspection.opaqueTokens: a second issuer that is asked about opaque tokens, which do not say whose they are",
    ]);
    assert.deepEqual(problemsOf([{ clientSecret: "s" }, { clientSecret: "s", opaqueTokens: false }]), []);
  });

  it("refuses a route that wants an issuer asked where none can be", () => {
    const routes = [{ path: "/**", allow: "authenticated", introspect: true }];
    assert.deepEqual(problemsOf({ none: true }, { routes }), [
      "routes[0].introspect: no issuer that can be asked",
    ]);
    assert.deepEqual(problemsOf({ clientSecret: "s" }, { routes }), []);
  });
});
