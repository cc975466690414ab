/** Who we are to an endpoint. The end-to-end tests ask a real provider. */

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import type { TLSSocket } from "node:tls";

import { createCertificate } from "../../../cli/test/kit/self-signed-certificate.ts";
import type { IntrospectionConfiguration } from "../../src/config/introspection-configuration.ts";
import { createEndpoint } from "../../src/introspection/ask-endpoint.ts";
import type { IntrospectionAnswer } from "../../src/introspection/read-answer.ts";
import { chooseAuthentication } from "../../src/oauth-client/client-authentication.ts";
import { describeIssuer } from "../introspection/describe-issuer.ts";
import { sendJson, startIntrospectionServer } from "../kit/start-introspection-server.ts";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
type Changes = Partial<IntrospectionConfiguration> & { readonly issuer?: string };

async function ask(token: string, changes: Changes, endpoint: string): Promise<IntrospectionAnswer> {
  const connected = createEndpoint(describeIssuer(endpoint, changes), { clock: Date.now });
  try {
    return await connected.ask(token, AbortSignal.timeout(5000));
  } finally {
    await connected.close();
  }
}

describe("a secret", () => {
  it("is shown as OAuth encodes it, or in the form", async () => {
    const server = await startIntrospectionServer();
    server.answerWith({ active: true });
    try {
      // Form-encoded before it is basic (RFC 6749 section 2.3.1): a colon in the name must not end it.
      const clientSecret = "s3cret: + % & ü";
      await ask("t", { clientId: "a:b", clientSecret }, server.endpoint);
      const basic = server.seen[0]?.headers["authorization"] ?? "";
      const decoded = Buffer.from(basic.replace("Basic ", ""), "base64").toString();
      assert.equal(decoded, "a%3Ab:s3cret%3A+%2B+%25+%26+%C3%BC");
      assert.equal(server.seen[0]?.form.get("client_secret"), null);
      const authentication = "client_secret_post";
      await ask("t", { clientId: "a:b", clientSecret, authentication }, server.endpoint);
      const { form, headers } = server.seen[1] ?? {};
      assert.deepEqual([form?.get("client_id"), form?.get("client_secret")], ["a:b", clientSecret]);
      assert.equal(headers?.["authorization"], undefined);
    } finally {
      await server.close();
    }
  });
});

describe("an assertion", () => {
  it("is for the issuer, unless the endpoint wants to be named, and signed with the chosen algorithm", async () => {
    const server = await startIntrospectionServer();
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    const rsaPem = rsa.export({ type: "pkcs8", format: "pem" }).toString();
    try {
      server.answerWith({ active: true });
      const decode = async (changes: Changes): Promise<Record<string, unknown>> => {
        await ask("t", { ...changes, issuer: "https://issuer.test/" }, server.endpoint);
        const [header = "", payload = ""] = (server.seen.at(-1)?.form.get("client_assertion") ?? "").split(
          ".",
        );
        const parse = (part: string): object =>
          JSON.parse(Buffer.from(part, "base64url").toString()) as object;
        return { ...parse(header), ...parse(payload) };
      };
      const first = await decode({ privateKey: pem, keyId: "k" });
      assert.deepEqual([first["alg"], first["kid"], first["aud"]], ["ES256", "k", "https://issuer.test/"]);
      assert.deepEqual([first["iss"], first["sub"]], ["countersign", "countersign"]);
      assert.ok(Number(first["exp"]) - Number(first["iat"]) <= 60);
      const second = await decode({
        privateKey: rsaPem,
        algorithm: "PS256",
        assertionAudience: server.endpoint,
      });
      assert.deepEqual([second["alg"], second["aud"]], ["PS256", server.endpoint]);
      assert.notEqual(first["jti"], second["jti"]);
      assert.equal((await decode({ privateKey: rsaPem }))["alg"], "RS256");
    } finally {
      await server.close();
    }
  });
});

describe("a certificate", () => {
  const own = createCertificate({ daysLeft: 30 });
  const client = createCertificate({ daysLeft: 30 });

  it("is shown to an endpoint that asks for it, and the endpoint's is checked", async () => {
    const server = await startIntrospectionServer({
      cert: own.certificate,
      key: own.privateKey,
      requestCert: true,
      rejectUnauthorized: false,
    });
    try {
      const fingerprints: (string | undefined)[] = [];
      server.answerWith(({ response }) => {
        const socket = response.socket as TLSSocket;
        fingerprints.push(socket.getPeerX509Certificate()?.fingerprint256);
        sendJson(response, { active: true });
      });
      const tls = { ca: own.certificate, certificate: client.certificate, key: client.privateKey };
      assert.equal((await ask("t", { tls }, server.endpoint)).kind, "active");
      assert.equal(server.seen[0]?.form.get("client_id"), "countersign");
      assert.equal(server.seen[0]?.headers["authorization"], undefined);
      assert.ok(typeof fingerprints[0] === "string");
      await assert.rejects(ask("t", { tls: { ...tls, ca: client.certificate } }, server.endpoint), {
        kind: "network_error",
      });
      assert.equal(server.seen.length, 1);
    } finally {
      await server.close();
    }
  });
});

describe("what is given", () => {
  it("says how we authenticate, where that is not written", () => {
    assert.equal(chooseAuthentication({ clientSecret: "s" }), "client_secret_basic");
    assert.equal(chooseAuthentication({ privateKey: pem }), "private_key_jwt");
    assert.equal(chooseAuthentication({ tls: {} }), "tls_client_auth");
    assert.equal(
      chooseAuthentication({ clientSecret: "s", authentication: "client_secret_post" }),
      "client_secret_post",
    );
  });
});
