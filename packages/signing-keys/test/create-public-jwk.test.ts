import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import { createPublicJwk, type PublicKeyMembers } from "@countersign/signing-keys";
import { calculateJwkThumbprint } from "jose";

describe("the kid of a key", () => {
  it("is the thumbprint that RFC 7638 and RFC 8037 give in their examples", () => {
    const rsa = createPublicJwk("RS256", {
      kty: "RSA",
      n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
      e: "AQAB",
    });
    assert.equal(rsa.kid, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    const x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const okp = createPublicJwk("Ed25519", { kty: "OKP", crv: "Ed25519", x });
    assert.equal(okp.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  });

  it("is the one that another implementation finds, and no private member comes with it", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
    const members = privateKey.export({ format: "jwk" }) as PublicKeyMembers;
    const jwk = createPublicJwk("ES384", members);
    assert.equal(jwk.kid, await calculateJwkThumbprint(members as Record<string, string>));
    assert.deepEqual(Object.keys(jwk).sort(), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert.deepEqual([jwk.alg, jwk.use], ["ES384", "sig"]);
  });
});
