import { createVerifier } from "fast-jwt";
import { AUDIENCE, ISSUER, nameForPeers } from "../../tokens/key-material.ts";
import { type CreateJudge, judgeByThrowing } from "../subject.ts";

export const create: CreateJudge = ({ key, cacheEntries }, tokens) => {
  const verifier = createVerifier({
    key: key.secret === "" ? key.pem : Buffer.from(key.secret, "base64url"),
    algorithms: [nameForPeers(key.algorithm)],
    allowedIss: ISSUER,
    allowedAud: AUDIENCE,
    requiredClaims: ["exp"],
    cache: cacheEntries === 0 ? false : cacheEntries,
  });
  return judgeByThrowing(verifier, tokens);
};
