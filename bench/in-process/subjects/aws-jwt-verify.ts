import { JwtVerifier } from "aws-jwt-verify";
import { AUDIENCE, ISSUER } from "../../tokens/key-material.ts";
import { type CreateJudge, judgeByThrowing } from "../subject.ts";

export const create: CreateJudge = ({ key }, tokens) => {
  if (key.algorithm === "PS256" || key.algorithm === "HS256") return undefined;
  const verifier = JwtVerifier.create({
    issuer: ISSUER,
    audience: AUDIENCE,
    jwksUri: "https://idp.example.com/jwks",
  });
  verifier.cacheJwks({
    keys: [{ ...key.jwk, kid: key.keyId, kty: String(key.jwk["kty"]), alg: String(key.jwk["alg"]) }],
  });
  return judgeByThrowing((token) => verifier.verifySync(token), tokens);
};
