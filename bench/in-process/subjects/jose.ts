import { createLocalJWKSet, jwtVerify } from "jose";
import { AUDIENCE, ISSUER, nameForPeers } from "../../tokens/key-material.ts";
import type { CreateJudge } from "../subject.ts";

export const create: CreateJudge = ({ key }, tokens) => {
  const keys =
    key.secret === ""
      ? createLocalJWKSet({ keys: [{ ...key.jwk, kty: String(key.jwk["kty"]) }] })
      : Buffer.from(key.secret, "base64url");
  // The two overloads differ in nothing that matters here.
  const judge = keys as Parameters<typeof jwtVerify>[1];
  const algorithms = [nameForPeers(key.algorithm)];
  const options = { issuer: ISSUER, audience: AUDIENCE, algorithms, requiredClaims: ["exp"] };
  return (index) =>
    jwtVerify(tokens.read(index), judge, options).then(
      () => true,
      () => false,
    );
};
