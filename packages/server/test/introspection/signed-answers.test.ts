/** Answers that must be signed (RFC 9701): a good one, and everything that could pass for one. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, beforeEach, describe, it } from "node:test";

import { exportJWK, generateKeyPair, SignJWT } from "jose";

import { createEndpoint } from "../../src/introspection/ask-endpoint.ts";
import type { IntrospectionAnswer } from "../../src/introspection/read-answer.ts";
import { startIntrospectionServer } from "../kit/start-introspection-server.ts";
import { describeIssuer } from "./describe-issuer.ts";

const ISSUER = "https://issuer.test/";
const MEDIA_TYPE = "application/token-introspection+jwt";
const NOW_SECONDS = 1_700_000_000;

const server = await startIntrospectionServer();
const keys = await generateKeyPair("ES256");
const strangers = await generateKeyPair("ES256");
const jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: "a", use: "sig", alg: "ES256" }] };
let keysAreThere = true;
const keyServer = createServer((_request, response) => {
  if (!keysAreThere) return void response.writeHead(500).end();
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(jwks));
}).listen(0, "127.0.0.1");
await once(keyServer, "listening");
const jwksUri = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/jwks`;
after(async () => {
  keyServer.closeAllConnections();
  keyServer.close();
  await server.close();
});
beforeEach(() => {
  keysAreThere = true;
});

interface Signed {
  readonly header?: object;
  readonly payload?: object;
  readonly key?: CryptoKey;
}

async function sign({ header = {}, payload = {}, key = keys.privateKey }: Signed): Promise<string> {
  const claims = { iss: ISSUER, aud: "countersign", iat: NOW_SECONDS, ...payload };
  return new SignJWT({ token_introspection: { active: true, sub: "ada" }, ...claims })
    .setProtectedHeader({ alg: "ES256", kid: "a", typ: "token-introspection+jwt", ...header })
    .sign(key);
}

async function ask(text: string, type = MEDIA_TYPE): Promise<IntrospectionAnswer> {
  server.answerWith(({ response }) => void response.writeHead(200, { "Content-Type": type }).end(text));
  const signedAnswers = { jwksUri, algorithms: ["ES256"] as const };
  const endpoint = createEndpoint(describeIssuer(server.endpoint, { signedAnswers }), {
    clock: () => NOW_SECONDS * 1000,
  });
  try {
    return await endpoint.ask("t", AbortSignal.timeout(5000));
  } finally {
    await endpoint.close();
  }
}

describe("a signed answer", () => {
  it("counts where it is this issuer's, for us, and of now", async () => {
    const text = await sign({});
    assert.deepEqual(await ask(text), { kind: "active", claims: { sub: "ada" } });
    assert.equal(server.seen.at(-1)?.headers["accept"], MEDIA_TYPE);
    assert.equal((await ask(await sign({ payload: { aud: ["https://api.test", "x"] } }))).kind, "active");
    assert.equal((await ask(text, `${MEDIA_TYPE}; charset=utf-8`)).kind, "active");
    const inactive = await sign({ payload: { token_introspection: { active: false } } });
    assert.deepEqual(await ask(inactive), { kind: "inactive" });
  });

  const refused: Readonly<Record<string, Signed>> = {
    "a stranger's key": { key: strangers.privateKey },
    "an unknown key": { header: { kid: "b" } },
    "the type of an access token": { header: { typ: "at+jwt" } },
    "no type": { header: { typ: undefined } },
    "another issuer": { payload: { iss: "https://other.test/" } },
    "another audience": { payload: { aud: "https://other.test" } },
    "no audience": { payload: { aud: undefined } },
    "no time": { payload: { iat: undefined } },
    "an old time": { payload: { iat: NOW_SECONDS - 120 } },
    "a time to come": { payload: { iat: NOW_SECONDS + 120 } },
    "an end that has passed": { payload: { exp: NOW_SECONDS - 60 } },
    "no answer in it": { payload: { token_introspection: undefined } },
    "text in place of an answer": { payload: { token_introspection: "active" } },
    "the answer outside": { payload: { active: true, token_introspection: {} } },
  };
  for (const [what, signed] of Object.entries(refused)) {
    it(`does not count with ${what}`, async () => {
      await assert.rejects(ask(await sign(signed)), { kind: "bad_answer" });
    });
  }

  it("does not count without a signature, or with one by a shared secret", async () => {
    const [, payload] = (await sign({})).split(".");
    const none = Buffer.from(JSON.stringify({ alg: "none", typ: "token-introspection+jwt" }));
    await assert.rejects(ask(`${none.toString("base64url")}.${payload}.`), { kind: "bad_answer" });
    const secret = new TextEncoder().encode("countersign:s3cret and thirty-two octets");
    const hmac = await new SignJWT({ token_introspection: { active: true } })
      .setProtectedHeader({ alg: "HS256", typ: "token-introspection+jwt" })
      .setIssuedAt(NOW_SECONDS)
      .setIssuer(ISSUER)
      .setAudience("countersign")
      .sign(secret);
    await assert.rejects(ask(hmac), { kind: "bad_answer" });
  });

  it("is not replaced by a plain one", async () => {
    await assert.rejects(ask('{"active":true}', "application/json"), { kind: "bad_answer" });
    await assert.rejects(ask(await sign({}), "application/jwt"), { kind: "bad_answer" });
  });

  it("does not count while its keys are not there, which is no verdict on the token", async () => {
    keysAreThere = false;
    await assert.rejects(ask(await sign({})), { name: "EndpointFault" });
  });
});
