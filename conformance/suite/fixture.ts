/** What the suite is given: keys and tokens made once, as data, so that every runtime judges the same bytes. */

import type { AlgorithmName, ReasonName } from "countersign";

export type PublicJwk = Readonly<Record<string, string>>;

export interface AlgorithmFixture {
  /** The header's `alg`. */
  readonly algorithm: AlgorithmName;
  readonly keyId: string;
  /** Undefined for HMAC. */
  readonly jwk?: PublicJwk;
  /** HMAC only: base64url. */
  readonly secret?: string;
  readonly sound: string;
  /** The same kid, another key. */
  readonly forged: string;
  /** The sound token's signature under other claims. */
  readonly changed: string;
  /** The sound token without the last octet of its signature. */
  readonly short: string;
}

export interface TokenFixture {
  readonly name: string;
  readonly token: string;
  readonly expected: ReasonName | "ok";
}

export interface Fixtures {
  readonly issuer: string;
  readonly audience: string;
  readonly nowSeconds: number;
  readonly algorithms: readonly AlgorithmFixture[];
  /** The key set under which `tokens` are judged, with no clock tolerance. */
  readonly jwks: readonly PublicJwk[];
  readonly jwksAlgorithms: readonly AlgorithmName[];
  readonly tokens: readonly TokenFixture[];
}
