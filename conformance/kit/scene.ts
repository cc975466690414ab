/** One issuer, one audience, one moment: what most cases share. */

import {
  type AlgorithmName,
  createValidator,
  type IssuerOptions,
  type Validator,
  type ValidatorOptions,
} from "countersign";
import { makeToken, type RawPart } from "./raw-token.ts";
import { type SigningKey, sharedKey } from "./signing-key.ts";

export const ISSUER = "https://issuer.example/";
export const AUDIENCE = "https://api.example";
/** 2026-06-01T00:00:00Z. */
export const NOW_SECONDS = 1_780_272_000;

export type Claims = Readonly<Record<string, unknown>>;

/** Claims of a good access token; a member that is undefined is left out. */
export function createClaims(changes: Claims = {}): Claims {
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: "user-1",
    exp: NOW_SECONDS + 300,
    iat: NOW_SECONDS - 10,
    jti: "token-1",
    client_id: "client-1",
    scope: "read",
    ...changes,
  };
}

/** The header that an honest issuer writes. */
export function createHeader(key: SigningKey, changes: Claims = {}): Claims {
  return { alg: key.algorithm, kid: key.keyId, typ: "at+jwt", ...changes };
}

export interface TokenChanges {
  readonly key?: SigningKey;
  readonly header?: Claims;
  readonly claims?: Claims;
}

/** A good token but for the changes. Default key ES256. */
export function issueToken({ key = sharedKey("ES256"), header, claims }: TokenChanges = {}): string {
  return makeToken({ header: createHeader(key, header), payload: createClaims(claims), key });
}

/** A token with this payload text or octets, honestly signed. */
export function issuePayload(payload: RawPart, key: SigningKey = sharedKey("ES256")): string {
  return makeToken({ header: createHeader(key), payload, key });
}

/** A token with this header text or octets, honestly signed. */
export function issueHeader(header: RawPart, key: SigningKey = sharedKey("ES256")): string {
  return makeToken({ header, payload: createClaims(), key });
}

export interface SceneOptions {
  /** Published keys. Default ES256. */
  readonly keys?: readonly SigningKey[];
  /** Published as they are, instead of the keys. */
  readonly jwks?: readonly unknown[];
  readonly algorithms?: readonly AlgorithmName[];
  readonly issuer?: Partial<IssuerOptions>;
  readonly nowSeconds?: () => number;
  readonly validator?: Partial<ValidatorOptions>;
}

/** The options of one issuer with inline keys. */
export function describeIssuer({
  keys = [sharedKey("ES256")],
  jwks,
  algorithms,
  issuer,
}: SceneOptions = {}): IssuerOptions {
  return {
    issuer: ISSUER,
    name: "main",
    audiences: [AUDIENCE],
    algorithms: algorithms ?? [...new Set(keys.map((key) => key.algorithm))],
    keys: readKeys(keys, jwks),
    ...issuer,
  };
}

function readKeys(keys: readonly SigningKey[], jwks: readonly unknown[] | undefined): IssuerOptions["keys"] {
  if (jwks !== undefined) return { jwks: { keys: jwks } };
  const secrets = keys.filter(({ secret }) => secret.length > 0);
  if (secrets.length > 0)
    return { secrets: secrets.map(({ keyId, secret }) => ({ id: keyId, bytes: secret })) };
  return { jwks: { keys: keys.map(({ publicJwk }) => publicJwk) } };
}

/** A validator of one issuer whose clock stands still. */
export function createScene(options: SceneOptions = {}): Validator {
  const { nowSeconds = () => NOW_SECONDS } = options;
  return createValidator({
    issuers: [describeIssuer(options)],
    clock: () => nowSeconds() * 1000,
    ...options.validator,
  });
}
