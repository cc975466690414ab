import { createValidator, type IssuerOptions } from "countersign";
import { AUDIENCE, ISSUER, type VerificationKey } from "../../tokens/key-material.ts";
import type { CreateJudge } from "../subject.ts";

/** So much that only the number of entries bounds it, as it does with peers. */
const MEMORY_BYTES = 2 ** 30;

export const create: CreateJudge = (setup, tokens) => {
  const { key, issuers = 1, cacheEntries, isAwaited } = setup;
  const keys = describeKeys([key, ...(setup.otherKeys ?? [])]);
  const algorithms = key.algorithm === "Ed25519" ? (["Ed25519", "EdDSA"] as const) : [key.algorithm];
  const validator = createValidator({
    issuers: Array.from({ length: issuers }, (_, index) => ({
      issuer: index === 0 ? ISSUER : `https://idp-${index}.example.com/`,
      audiences: [AUDIENCE],
      algorithms,
      keys,
    })),
    signatureCache: cacheEntries === 0 ? "off" : { maxEntries: cacheEntries, maxBytes: MEMORY_BYTES },
  });
  if (!isAwaited) return (index) => validator.validateSync(tokens.read(index)).ok;
  return async (index) => (await validator.validate(tokens.read(index))).ok;
};

function describeKeys(keys: readonly VerificationKey[]): IssuerOptions["keys"] {
  if (keys.some(({ secret }) => secret === "")) return { jwks: { keys: keys.map(({ jwk }) => jwk) } };
  return { secrets: keys.map(({ keyId, secret }) => ({ id: keyId, base64url: secret })) };
}
