/** What signs for a test issuer: access tokens with its defaults, raw parts, and every ready-made token. */

import type { AlgorithmName } from "../algorithms.ts";
import type { Clock } from "../ports.ts";
import type { KeyRing } from "./key-ring.ts";
import { type RawParts, type SignOptions, signParts, type TestClaims } from "./sign-token.ts";
import type { TokenSigner } from "./test-token.ts";
import { TEST_TOKEN_NAMES, TEST_TOKENS, type TestTokenName } from "./test-tokens.ts";

export interface TokenOptions {
  /** Default the issuer's first. */
  readonly algorithm?: AlgorithmName;
}

/** One function for each row of `TEST_TOKENS`. */
export type TestTokenFunctions = Readonly<Record<TestTokenName, (options?: TokenOptions) => Promise<string>>>;

export interface IssuerSigners {
  /**
   * Signs an access token: `iss`, `aud`, `sub` "user-1", `iat`, `exp` in 300 s, `jti`, `client_id` "client-1",
   * `scope` "read write", and whatever `claims` puts over them.
   */
  sign(claims?: TestClaims, options?: SignOptions): Promise<string>;
  /** Signs these exact texts or octets as header and payload. */
  signRaw(parts: RawParts): Promise<string>;
}

/** Who issues, and with which keys and clock. */
export interface IssuerParts {
  readonly ring: KeyRing;
  readonly clock: Clock;
  readonly issuer: string;
  readonly audience: string;
}

export function createSigners({ ring, clock, issuer, audience }: IssuerParts): IssuerSigners {
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

export function bindTokens(parts: IssuerParts): TestTokenFunctions {
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
  ) as TestTokenFunctions;
}
