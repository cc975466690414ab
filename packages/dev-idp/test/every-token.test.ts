import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createValidator, type Validator } from "countersign";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import type { DevIdp, DevSigningAlgorithm } from "../src/index.ts";
import { refresh } from "./ask.ts";
import { API, exchangeToken, getToken, prove, REPORTS, startStage } from "./exchange-kit.ts";
import { signInAs, signInOffline } from "./sign-in.ts";

async function issueEveryKind(idp: DevIdp): Promise<Readonly<Record<string, string>>> {
  const user = await signInAs(idp, "user-ada");
  const offline = await signInOffline(idp);
  const refreshed = await refresh(idp, offline.refreshToken);
  const exchanged = await exchangeToken(idp, user.access_token);
  const further = await exchangeToken(idp, String(exchanged.body["access_token"]), {
    by: "reporter",
    resource: API,
  });
  const impersonated = await exchangeToken(idp, user.access_token, { by: "silent" });
  const proof = await prove(idp, await oauth.generateKeyPair("ES256"));
  const bound = await exchangeToken(idp, user.access_token, {}, proof);
  const answers = { refreshed, exchanged, further, impersonated, bound };
  return {
    minted: await idp.mint(),
    "client credentials": await getToken(idp, "job"),
    "authorization code": user.access_token,
    "with a refresh token": offline.accessToken,
    ...Object.fromEntries(
      Object.entries(answers).map(([name, { body }]) => [name, String(body["access_token"])]),
    ),
  };
}

function createStrictValidator(idp: DevIdp, algorithm: DevSigningAlgorithm): Validator {
  return createValidator({
    issuers: [
      {
        issuer: idp.issuer,
        audiences: [API, REPORTS],
        algorithms: [algorithm],
        keys: { discovery: true, insecureLoopbackHttp: true },
        profile: "rfc9068",
      },
    ],
  });
}

describe("every token that is given out", () => {
  for (const algorithm of ["ES256", "ES384", "RS256", "PS256", "Ed25519"] as const) {
    it(`passes jose and our own profile of RFC 9068, signed with ${algorithm}`, async () => {
      const { idp } = await startStage({ algorithm });
      const validator = createStrictValidator(idp, algorithm);
      try {
        const keys = createRemoteJWKSet(new URL(idp.jwksUri));
        for (const [kind, token] of Object.entries(await issueEveryKind(idp))) {
          const { protectedHeader } = await jwtVerify(token, keys, {
            issuer: idp.issuer,
            audience: [API, REPORTS],
            typ: "at+jwt",
            requiredClaims: ["sub", "client_id", "iat", "exp", "jti", "scope"],
          });
          assert.equal(protectedHeader.alg, algorithm);
          // Whose key it is bound to is another check's question.
          const verdict = await validator.validate(token, { presentation: "unchecked" });
          assert.ok(verdict.ok, `${kind}: ${JSON.stringify(verdict)}`);
        }
      } finally {
        await validator.close();
        await idp.close();
      }
    });
  }
});
