import type { Fetch } from "countersign";
import { expectEqual, expectReason, expectThrown, expectTrue } from "./expect.ts";
import { FIXTURES } from "./fixtures.generated.ts";
import type { SuiteCase } from "./suite-case.ts";
import { createAlgorithmValidator, createSuiteValidator, findFixture } from "./suite-validator.ts";

const ES256 = findFixture("ES256");

const REMOTE = { keys: { jwksUri: "https://issuer.example/jwks" }, algorithms: ["ES256"] } as const;

const serveKey: Fetch = () => Promise.resolve(Response.json({ keys: [ES256.jwk] }));

function encode(value: object): string {
  return btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function withKeyId(kid: string): string {
  const [, payload = "", signature = ""] = ES256.sound.split(".");
  return `${encode({ alg: "ES256", kid, typ: "at+jwt" })}.${payload}.${signature}`;
}

/** Reasons that need a clock, options or keys from elsewhere, and what a validator promises besides its verdict. */
export const VALIDATOR_CASES: readonly SuiteCase[] = [
  {
    name: "a token older than maxAgeSeconds: refused with token_too_old",
    async run(library) {
      const validator = library.createValidator({
        issuers: [
          {
            issuer: FIXTURES.issuer,
            audiences: "unchecked",
            algorithms: ["ES256"],
            keys: { jwks: { keys: [ES256.jwk] } },
            maxAgeSeconds: 5,
            clockToleranceSeconds: 0,
          },
        ],
        clock: () => FIXTURES.nowSeconds * 1000,
      });
      expectReason(await validator.validate(ES256.sound), "token_too_old");
    },
  },
  {
    name: "a token past the limit of bytes: refused with token_too_large",
    async run(library) {
      const validator = createSuiteValidator(library, { validator: { limits: { tokenBytes: 256 } } });
      expectReason(await validator.validate(ES256.sound), "token_too_large");
      expectReason(await validator.validate(".".repeat(1 << 20)), "token_too_large");
    },
  },
  {
    name: "keys that cannot be fetched: refused with keys_unavailable, as a fault of ours",
    async run(library) {
      const fetch: Fetch = () => Promise.reject(new TypeError("no network here"));
      const validator = createSuiteValidator(library, { issuer: REMOTE, validator: { fetch } });
      const verdict = await validator.validate(ES256.sound);
      expectReason(verdict, "keys_unavailable");
      expectTrue(!verdict.ok && verdict.fault === "system", "a system fault");
      await validator.close();
    },
  },
  {
    name: "keys that are fetched: the token is accepted, and a second one costs no fetch",
    async run(library) {
      let fetches = 0;
      const fetch: Fetch = (url, init) => {
        fetches++;
        return serveKey(url, init);
      };
      const validator = createSuiteValidator(library, { issuer: REMOTE, validator: { fetch } });
      await validator.ready();
      expectReason(await validator.validate(ES256.sound), "ok");
      expectReason(await validator.validate(ES256.sound), "ok");
      expectEqual(fetches, 1, "fetches");
      await validator.close();
    },
  },
  {
    name: "an unknown kid: key_unknown after one fetch, and within the cooldown another is keys_stale",
    async run(library) {
      const validator = createSuiteValidator(library, { issuer: REMOTE, validator: { fetch: serveKey } });
      await validator.ready();
      expectReason(await validator.validate(withKeyId("one")), "key_unknown");
      expectReason(await validator.validate(withKeyId("two")), "keys_stale");
      expectReason(await validator.validate(withKeyId("one")), "key_unknown");
      expectReason(await validator.validate(ES256.sound), "ok");
      await validator.close();
    },
  },
  {
    name: "a clock without time: refused with internal_error",
    async run(library) {
      const validator = createSuiteValidator(library, { validator: { clock: () => Number.NaN } });
      const sound = FIXTURES.tokens.find(({ expected }) => expected === "ok");
      expectReason(await validator.validate(sound?.token ?? ""), "internal_error");
    },
  },
  {
    name: "what a verdict hands out is frozen to the last member, and has no prototype",
    async run(library) {
      const verdict = await createAlgorithmValidator(library, ES256).validate(ES256.sound);
      expectTrue(verdict.ok, "an accepted token");
      if (!verdict.ok) return;
      const { token, principal } = verdict;
      for (const part of [verdict, token, token.header, token.claims, principal, principal.scopes]) {
        expectTrue(Object.isFrozen(part), "a frozen object");
      }
      expectEqual(Object.getPrototypeOf(token.claims), null, "prototype");
    },
  },
  {
    name: "validateSync gives the same verdict where crypto is synchronous, and a TypeError where it is not",
    async run(library) {
      const validator = createAlgorithmValidator(library, ES256);
      let verdict: ReturnType<typeof validator.validateSync>;
      try {
        verdict = validator.validateSync(ES256.sound);
      } catch (error) {
        expectTrue(error instanceof TypeError, "a TypeError");
        return;
      }
      expectEqual(verdict, await validator.validate(ES256.sound), "verdict");
    },
  },
  {
    name: "explain shows claim values only of a verified token",
    async run(library) {
      const validator = createAlgorithmValidator(library, ES256);
      const [sound, forged] = await Promise.all([
        validator.explain(ES256.sound),
        validator.explain(ES256.forged),
      ]);
      expectEqual([sound.signatureVerified, forged.signatureVerified], [true, false], "verified");
      const expiry = String(FIXTURES.nowSeconds + 300);
      expectTrue(JSON.stringify(sound.steps).includes(expiry), "exp among the steps");
      expectTrue(!JSON.stringify(forged).includes(expiry), "no exp of an unverified token");
    },
  },
  {
    name: "every problem of a configuration is told at once",
    async run(library) {
      const weak = { kty: "RSA", kid: "weak", alg: "RS256", n: "AQAB", e: "AQ" };
      const options = {
        issuers: [
          {
            issuer: "",
            audiences: [],
            keys: { jwks: { keys: [weak] } },
            clockToleranceSeconds: 301,
            misspelt: true,
          },
        ],
        limits: { tokenBytes: 1 },
      };
      const error = await expectThrown(() => library.createValidator(options));
      expectTrue(error instanceof library.ConfigurationError, "a ConfigurationError");
      if (!(error instanceof library.ConfigurationError)) return;
      const paths = error.problems.map(({ path }) => path);
      for (const path of [
        "issuers[0].issuer",
        "issuers[0].audiences",
        "issuers[0].clockToleranceSeconds",
        "limits.tokenBytes",
      ]) {
        expectTrue(paths.includes(path), `a problem at ${path}, not only at ${paths.join(", ")}`);
      }
    },
  },
];
