import { randomUUID } from "node:crypto";
import { createValidator } from "countersign";
import type { Signer } from "../signer.ts";
import { SigningError } from "../signing-error.ts";

/** No issuer that anybody trusts, and no type that a verifier of access tokens takes. */
const ISSUER = "urn:countersign:signer-self-test";
const TYPE = "countersign-self-test+jwt";
const LIFETIME_SECONDS = 60;

/**
 * Signs a fresh token and has the engine judge it as a verifier would: the key's form and strength, the algorithm, and
 * the signature. The token never leaves this function.
 *
 * @throws SigningError ("misconfigured") where it would not be accepted; what `sign` throws is thrown on.
 */
export async function testSigner(signer: Signer, backend: string): Promise<void> {
  const { algorithm, keyId, publicJwk } = signer;
  const nowSeconds = Math.floor(Date.now() / 1000);
  const header = { alg: algorithm, kid: keyId, typ: TYPE };
  const claims = {
    iss: ISSUER,
    aud: ISSUER,
    sub: keyId,
    iat: nowSeconds,
    exp: nowSeconds + LIFETIME_SECONDS,
    // Never the same octets twice: an answer that was kept from before would show.
    jti: randomUUID(),
  };
  const input = `${encode(header)}.${encode(claims)}`;
  const signature = await signer.sign(Buffer.from(input, "ascii"));
  const problem = await judge(`${input}.${Buffer.from(signature).toString("base64url")}`, signer);
  if (problem === undefined) return;
  throw new SigningError(
    `${backend}: the self-test of key ${publicJwk.kid} failed: expected a signature that its public half verifies, found ${problem}; do not activate this key`,
    { kind: "misconfigured", backend },
  );
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Why a verifier refuses the token, or undefined. */
async function judge(token: string, { algorithm, publicJwk }: Signer): Promise<string | undefined> {
  let validator: ReturnType<typeof createValidator>;
  try {
    validator = createValidator({
      issuers: [
        {
          issuer: ISSUER,
          name: "signer-self-test",
          audiences: [ISSUER],
          algorithms: [algorithm],
          types: [TYPE],
          keys: { jwks: { keys: [publicJwk] } },
        },
      ],
      signatureCache: "off",
      limits: { tokenBytes: 16_384 },
    });
  } catch (error) {
    return `a key that verifiers refuse (${error instanceof Error ? error.message : "unknown"})`;
  }
  try {
    const verdict = await validator.validate(token);
    return verdict.ok ? undefined : verdict.reason;
  } finally {
    await validator.close();
  }
}
