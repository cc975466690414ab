import { createValidator } from "countersign";
import { AUDIENCE, ISSUER, type VerificationKey } from "../../tokens/key-material.ts";
import type { CreateJudge } from "../subject.ts";

export const create: CreateJudge = ({ key, isAwaited }, tokens) => {
  const validator = createValidator({
    issuers: [
      {
        issuer: ISSUER,
        audiences: [AUDIENCE],
        algorithms: key.algorithm === "Ed25519" ? ["Ed25519", "EdDSA"] : [key.algorithm],
        keys: describeKeys(key),
      },
    ],
  });
  if (!isAwaited) return (index) => validator.validateSync(tokens.read(index)).ok;
  return async (index) => (await validator.validate(tokens.read(index))).ok;
};

function describeKeys({
  jwk,
  secret,
  keyId,
}: VerificationKey):
  | { readonly secrets: readonly { readonly id: string; readonly base64url: string }[] }
  | { readonly jwks: { readonly keys: readonly unknown[] } } {
  return secret === "" ? { jwks: { keys: [jwk] } } : { secrets: [{ id: keyId, base64url: secret }] };
}
