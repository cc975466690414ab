/** An assertion as a JWS in compact form (RFC 7515 section 7.1). */

import type { Signer } from "@countersign/signing-keys";

/** Tells it from every other kind of JWT (RFC 8725 section 3.11): no access token, and no access token is one. */
export const ASSERTION_TYPE = "countersign-identity+jwt";

/** Signs what an assertion says, which is JSON. Rejects where no key can be used. */
export type SignAssertion = (claims: string) => Promise<string>;

/** Signs with the key that signs now. */
export function createAssertionSigner(current: () => Signer | Promise<Signer>): SignAssertion {
  return async (claims) => {
    const signer = await current();
    const { algorithm: alg, keyId: kid } = signer;
    const header = encode(JSON.stringify({ alg, typ: ASSERTION_TYPE, kid }));
    const signed = `${header}.${encode(claims)}`;
    const signature = await signer.sign(new TextEncoder().encode(signed));
    return `${signed}.${Buffer.from(signature).toString("base64url")}`;
  };
}

function encode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64url");
}
