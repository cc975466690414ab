/** Keys and tokens for the validator's own tests, signed with node:crypto and nothing of the engine. */

import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { IssuerOptions, ValidatorOptions } from "../../src/index.ts";

const ISSUER = "https://idp.example.com/";
const AUDIENCE = "https://api.example.com";
/** Where the tests' clock stands, in seconds. */
export const NOW = 1_800_000_000;

export interface LocalKey {
  readonly keyId: string;
  readonly privateKey: KeyObject;
  readonly jwk: Readonly<Record<string, unknown>>;
}

export function createLocalKey(keyId: string): LocalKey {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    keyId,
    privateKey,
    jwk: { ...publicKey.export({ format: "jwk" }), kid: keyId, alg: "ES256", use: "sig" },
  };
}

export const KEY: LocalKey = createLocalKey("first");

type Members = Readonly<Record<string, unknown>>;

/** A token that passes, but for what is changed; `undefined` leaves a member out. */
export function signToken(
  changes: Members = {},
  options: { readonly header?: Members; readonly key?: LocalKey } = {},
): string {
  const key = options.key ?? KEY;
  const header = { alg: "ES256", kid: key.keyId, typ: "at+jwt", ...options.header };
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: "alice", exp: NOW + 300, iat: NOW - 10, ...changes };
  const signed = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = sign("sha256", Buffer.from(signed), { key: key.privateKey, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

/** Options under which `signToken()` passes, but for what is changed. */
export function options(
  changes: Partial<IssuerOptions> = {},
  rest: Partial<ValidatorOptions> = {},
): ValidatorOptions {
  const issuer: IssuerOptions = {
    issuer: ISSUER,
    audiences: [AUDIENCE],
    keys: { jwks: { keys: [KEY.jwk] } },
    ...changes,
  };
  return { issuers: [issuer], clock: () => NOW * 1000, ...rest };
}
