import { createValidator, type Verdict } from "countersign";
import type { PublicSigningJwk, Signer } from "../../../src/index.ts";

export const ISSUER = "https://issuer.example/";
export const AUDIENCE = "https://api.example/";

/** An access token of RFC 9068, signed by a back end. */
export async function issueToken(signer: Signer, subject: string = "user-1"): Promise<string> {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const header = { alg: signer.algorithm, kid: signer.keyId, typ: "at+jwt" };
  const claims = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: subject,
    client_id: "client-1",
    iat: nowSeconds,
    exp: nowSeconds + 300,
    jti: crypto.randomUUID(),
  };
  const input = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${input}.${Buffer.from(await signer.sign(Buffer.from(input))).toString("base64url")}`;
}

/** What the engine says of a token, of an issuer with these keys. */
export async function judgeToken(token: string, keys: readonly PublicSigningJwk[]): Promise<Verdict> {
  const validator = createValidator({
    issuers: [
      {
        issuer: ISSUER,
        audiences: [AUDIENCE],
        profile: "rfc9068",
        algorithms: [...new Set(keys.map(({ alg }) => alg))],
        keys: { jwks: { keys: [...keys] } },
      },
    ],
  });
  try {
    return await validator.validate(token);
  } finally {
    await validator.close();
  }
}
