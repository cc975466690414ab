import type { AlgorithmName } from "../algorithms.ts";
import { ALGORITHMS } from "../algorithms.ts";
import type { Clock } from "../ports.ts";
import type { IssuerOptions, KeysOptions } from "../validator/options.ts";
import type { RotateOptions } from "./key-ring.ts";
import { KeyRing } from "./key-ring.ts";
import type { RawParts, SignOptions, TestClaims } from "./sign-token.ts";
import { signParts } from "./sign-token.ts";
import type { TestJwk, TestKey } from "./test-key.ts";
import type { TokenSigner } from "./test-token.ts";
import type { TestTokenName } from "./test-tokens.ts";
import { TEST_TOKEN_NAMES, TEST_TOKENS } from "./test-tokens.ts";

export interface TestIssuerOptions {
  /** Default "https://issuer.test/", or the server's URL where it serves. */
  readonly issuer?: string;
  /** A key is made for each; the first is the default for signing. Default RS256, ES256, Ed25519. HS* only among themselves. */
  readonly algorithms?: readonly AlgorithmName[];
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: Clock;
  /** Default "https://api.test". */
  readonly audience?: string;
}

export interface TokenOptions {
  /** Default the issuer's first. */
  readonly algorithm?: AlgorithmName;
}

/** An issuer in the same process: keys, key set, tokens of every kind. */
export interface TestIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly AlgorithmName[];
  /** One function for each row of `TEST_TOKENS`. */
  readonly tokens: Readonly<Record<TestTokenName, (options?: TokenOptions) => Promise<string>>>;
  /** The published keys as a JWK Set (RFC 7517 section 5), as of now. */
  jwks(): { readonly keys: readonly TestJwk[] };
  /** The key that signs for an algorithm. */
  key(algorithm?: AlgorithmName): TestKey;
  /**
   * Signs an access token: `iss`, `aud`, `sub` "user-1", `iat`, `exp` in 300 s, `jti`, `client_id` "client-1",
   * `scope` "read write", and whatever `claims` puts over them.
   */
  sign(claims?: TestClaims, options?: SignOptions): Promise<string>;
  /** Signs these exact texts or octets as header and payload. */
  signRaw(parts: RawParts): Promise<string>;
  /** Makes a new key for an algorithm and signs with it; gives its kid. */
  rotate(algorithm: AlgorithmName, options?: RotateOptions): Promise<string>;
  /** Signs with this published key from now on. */
  activate(keyId: string): void;
  /** Takes a key out of the set; if it signs, it goes on signing. Tells whether it was there. */
  removeKey(keyId: string): boolean;
  /** A row of the validator's `issuers` that trusts this issuer; keys given inline are those of now. */
  validatorOptions(): IssuerOptions;
}

/**
 * Creates an issuer for tests. Needs no network and runs on every runtime.
 *
 *     const clock = createTestClock();
 *     const issuer = await createTestIssuer({ clock });
 *     const validator = createValidator({ issuers: [issuer.validatorOptions()], clock });
 *     const verdict = await validator.validate(await issuer.tokens.expired());
 *     // verdict.reason === "token_expired"
 *
 * @throws TypeError where HS* stands beside other algorithms, for no validator takes both.
 */
export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const { algorithms = ["RS256", "ES256", "Ed25519"], clock = Date.now } = options;
  refuseMixture(algorithms);
  const ring = await KeyRing.create(algorithms);
  const identity = {
    issuer: options.issuer ?? "https://issuer.test/",
    audience: options.audience ?? "https://api.test",
  };
  return assembleIssuer({ ring, clock, ...identity });
}

interface IssuerParts {
  readonly ring: KeyRing;
  readonly clock: Clock;
  readonly issuer: string;
  readonly audience: string;
}

function assembleIssuer(parts: IssuerParts): TestIssuer {
  const { ring, issuer, audience } = parts;
  const { sign, signRaw } = createSigners(parts);
  return Object.freeze({
    issuer,
    audience,
    algorithms: ring.algorithms,
    tokens: bindTokens(parts),
    jwks: () => ring.jwks(),
    key: (algorithm?: AlgorithmName) => ring.active(algorithm),
    sign,
    signRaw,
    rotate: (algorithm: AlgorithmName, options?: RotateOptions) => ring.rotate(algorithm, options),
    activate: (keyId: string) => ring.activate(keyId),
    removeKey: (keyId: string) => ring.remove(keyId),
    validatorOptions: () => ({
      issuer,
      audiences: [audience],
      algorithms: ring.algorithms,
      keys: inlineKeys(ring),
    }),
  });
}

function inlineKeys(ring: KeyRing): KeysOptions {
  const secrets = ring.secrets();
  return secrets.length > 0 ? { secrets } : { jwks: ring.jwks() };
}

function createSigners({ ring, clock, issuer, audience }: IssuerParts): Pick<TestIssuer, "sign" | "signRaw"> {
  return {
    sign: async (claims = {}, options = {}) => {
      const key = options.key ?? ring.active(options.algorithm);
      const nowSeconds = Math.floor(clock() / 1000);
      const defaults: Record<string, unknown> = {
        iss: issuer,
        sub: "user-1",
        aud: audience,
        iat: nowSeconds,
        exp: nowSeconds + 300,
        jti: crypto.randomUUID(),
        client_id: "client-1",
        scope: "read write",
      };
      for (const name of options.omit ?? []) delete defaults[name];
      const header = { alg: key.algorithm, kid: key.keyId, typ: "at+jwt", ...options.header };
      const parts = {
        headerText: JSON.stringify(header),
        payloadText: JSON.stringify({ ...defaults, ...claims }),
      };
      return signParts(parts, key);
    },
    signRaw: async (parts) => signParts(parts, parts.key ?? ring.active(parts.algorithm)),
  };
}

function bindTokens(parts: IssuerParts): TestIssuer["tokens"] {
  const { ring, clock, issuer, audience } = parts;
  const signers = createSigners(parts);
  const bind =
    (name: TestTokenName) =>
    ({ algorithm }: TokenOptions = {}): Promise<string> => {
      const key = ring.active(algorithm);
      const signer: TokenSigner = {
        issuer,
        audience,
        key,
        nowSeconds: Math.floor(clock() / 1000),
        createStranger: () => ring.stranger(key.algorithm),
        sign: (claims, options) => signers.sign(claims, { key, ...options }),
        signRaw: (raw) => signers.signRaw({ key, ...raw }),
      };
      return TEST_TOKENS[name].make(signer);
    };
  return Object.freeze(
    Object.fromEntries(TEST_TOKEN_NAMES.map((name) => [name, bind(name)])),
  ) as TestIssuer["tokens"];
}

function refuseMixture(algorithms: readonly AlgorithmName[]): void {
  const secret = algorithms.filter((name) => ALGORITHMS[name].family === "hmac").length;
  if (algorithms.length > 0 && (secret === 0 || secret === algorithms.length)) return;
  throw new TypeError(
    "expected at least one algorithm, and HS* only among themselves; use two issuers for a mixture",
  );
}
