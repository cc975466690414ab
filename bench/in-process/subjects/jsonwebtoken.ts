import { createPublicKey } from "node:crypto";
import jsonwebtoken from "jsonwebtoken";
import { AUDIENCE, ISSUER } from "../../tokens/key-material.ts";
import { type CreateJudge, judgeByThrowing } from "../subject.ts";

export const create: CreateJudge = ({ key }, tokens) => {
  if (key.algorithm === "Ed25519") return undefined;
  // As text it would be parsed again for every token.
  const secretOrKey = key.secret === "" ? createPublicKey(key.pem) : Buffer.from(key.secret, "base64url");
  const options = { algorithms: [key.algorithm], issuer: ISSUER, audience: AUDIENCE };
  return judgeByThrowing((token) => jsonwebtoken.verify(token, secretOrKey, options), tokens);
};
