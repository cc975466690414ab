/** The validators beside us, each configured as its documentation says, for the same issuer, audience, keys and time. */

import { createPublicKey } from "node:crypto";
import { mock } from "node:test";
import { JwtVerifier } from "aws-jwt-verify";
import { createVerifier, type Algorithm as FastJwtAlgorithm } from "fast-jwt";
import { createLocalJWKSet, jwtVerify } from "jose";
import jsonwebtoken from "jsonwebtoken";
import { AUDIENCE, createScene, ISSUER, NOW_SECONDS } from "../kit/scene.ts";
import { type CorpusKeys, publishKeys } from "./corpus-keys.ts";

export const PEER_NAMES = ["jose", "fast-jwt", "jsonwebtoken", "aws-jwt-verify"] as const;
export type PeerName = (typeof PEER_NAMES)[number];

/** Resolves to whether the peer accepts the token. */
export type Peer = (token: string) => Promise<boolean>;

export const CORPUS_ALGORITHMS = ["RS256", "RS512", "PS256", "ES256", "Ed25519", "EdDSA"] as const;

/** Our own engine, with no tolerance, as the peers have none. */
export function createOurs(keys: CorpusKeys): ReturnType<typeof createScene> {
  return createScene({
    jwks: publishKeys(keys),
    algorithms: CORPUS_ALGORITHMS,
    issuer: { clockToleranceSeconds: 0 },
  });
}

export function createPeers(keys: CorpusKeys): Readonly<Record<PeerName, Peer>> {
  return {
    jose: createJose(keys),
    "fast-jwt": createFastJwt(keys),
    jsonwebtoken: createJsonwebtoken(keys),
    "aws-jwt-verify": createAws(keys),
  };
}

async function settles(attempt: () => unknown): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch {
    return false;
  }
}

function createJose(keys: CorpusKeys): Peer {
  const jwks = createLocalJWKSet({ keys: [...publishKeys(keys)] });
  const options = {
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: [...CORPUS_ALGORITHMS],
    currentDate: new Date(NOW_SECONDS * 1000),
  };
  return (token) => settles(() => jwtVerify(token, jwks, options));
}

/** PEM by kid, as these two want their keys; what a JWK says of use and alg is lost on the way. */
function createPemFinder(keys: CorpusKeys): (kid: unknown) => string {
  const pems = new Map<unknown, string>();
  for (const jwk of publishKeys(keys)) {
    const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
    pems.set(jwk["kid"], key.export({ type: "spki", format: "pem" }).toString());
  }
  return (kid) => {
    const pem = pems.get(kid);
    if (pem === undefined) throw new Error("no key of this kid");
    return pem;
  };
}

function createFastJwt(keys: CorpusKeys): Peer {
  const findPem = createPemFinder(keys);
  const algorithms: FastJwtAlgorithm[] = ["RS256", "RS512", "PS256", "ES256", "EdDSA"];
  const verify = createVerifier({
    key: async ({ header }: { readonly header: Readonly<Record<string, unknown>> }) => findPem(header["kid"]),
    algorithms,
    allowedIss: ISSUER,
    allowedAud: AUDIENCE,
    clockTimestamp: NOW_SECONDS * 1000,
    cache: false,
  });
  return (token) => settles(() => verify(token));
}

function createJsonwebtoken(keys: CorpusKeys): Peer {
  const findPem = createPemFinder(keys);
  const options: jsonwebtoken.VerifyOptions = {
    algorithms: ["RS256", "RS512", "PS256", "ES256"],
    issuer: ISSUER,
    audience: AUDIENCE,
    clockTimestamp: NOW_SECONDS,
  };
  return (token) =>
    settles(() => {
      const decoded = jsonwebtoken.decode(token, { complete: true });
      jsonwebtoken.verify(token, findPem(decoded?.header.kid), options);
    });
}

/** It has no option for the time, so the time is changed around it. */
function createAws(keys: CorpusKeys): Peer {
  const verifier = JwtVerifier.create({
    issuer: ISSUER,
    audience: AUDIENCE,
    jwksUri: "https://issuer.example/jwks",
  });
  verifier.cacheJwks({ keys: [...publishKeys(keys)] });
  return (token) =>
    settles(() => {
      mock.timers.enable({ apis: ["Date"], now: NOW_SECONDS * 1000 });
      try {
        verifier.verifySync(token);
      } finally {
        mock.timers.reset();
      }
    });
}
