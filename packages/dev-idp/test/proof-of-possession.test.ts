import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { request } from "node:https";
import { text as readText } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { decodeJwt } from "jose";
import * as oauth from "oauth4webapi";
import { type DevIdp, startDevIdp } from "../src/index.ts";
import { post, refresh } from "./ask.ts";
import { type Certificate, createCertificates } from "./certificates.ts";
import { API, EXCHANGE, JWT, prove, REPORTS } from "./exchange-kit.ts";
import { signInOffline } from "./sign-in.ts";

const SECRET = "a secret of more than sixteen";
const CLIENT_CREDENTIALS = { grant_type: "client_credentials" };

function readCnf(token: unknown): Record<string, unknown> | undefined {
  return decodeJwt(String(token))["cnf"] as Record<string, unknown> | undefined;
}

describe("DPoP", () => {
  let idp: DevIdp;
  before(async () => {
    idp = await startDevIdp({
      log: () => {},
      clients: [
        { clientId: "bound", clientSecret: SECRET, dpopBound: true },
        { clientId: "orders-app", redirectUris: ["http://127.0.0.1/callback"] },
      ],
    });
  });
  after(() => idp.close());

  it("binds the token, and a client that has to show a proof gets none without", async () => {
    const asker = { clientId: "bound", secret: SECRET };
    assert.equal((await post(idp.tokenEndpoint, CLIENT_CREDENTIALS, asker)).status, 400);
    const headers = await prove(idp, await oauth.generateKeyPair("ES256"));
    const { body } = await post(idp.tokenEndpoint, CLIENT_CREDENTIALS, { ...asker, headers });
    assert.equal(body["token_type"], "DPoP");
    assert.equal(typeof readCnf(body["access_token"])?.["jkt"], "string");
    const again = await post(idp.tokenEndpoint, CLIENT_CREDENTIALS, { ...asker, headers });
    assert.equal(again.status, 400, "a proof is good once");
  });

  it("binds an app's refresh token, within the grace too", async () => {
    const pair = await oauth.generateKeyPair("ES256");
    const other = await oauth.generateKeyPair("ES256");
    const dpop = oauth.DPoP({}, pair);
    const { refreshToken } = await signInOffline(idp, { dpop });
    const askWith = async (key: oauth.CryptoKeyPair) =>
      post(
        idp.tokenEndpoint,
        { grant_type: "refresh_token", refresh_token: refreshToken },
        { clientId: "orders-app", headers: await prove(idp, key) },
      );
    assert.equal((await refresh(idp, refreshToken)).status, 400);
    assert.equal((await askWith(other)).status, 400);
    const answers = await Promise.all(Array.from({ length: 10 }, () => askWith(pair)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(new Set(answers.map(({ body }) => body["refresh_token"])).size, 1);
    // The thief of a used token has to have its key as well, and ends nothing without.
    assert.equal((await refresh(idp, refreshToken)).status, 400);
    assert.equal((await askWith(other)).status, 400);
    assert.equal((await askWith(pair)).status, 200);
  });

  it("needs a nonce where that is asked for", async () => {
    const strict = await startDevIdp({
      log: () => {},
      clients: [{ clientId: "bound", clientSecret: SECRET }],
      requireDpopNonce: true,
    });
    try {
      const client = { client_id: "bound" };
      const server = { issuer: strict.issuer, token_endpoint: strict.tokenEndpoint };
      const DPoP = oauth.DPoP({}, await oauth.generateKeyPair("ES256"));
      const ask = () =>
        oauth.clientCredentialsGrantRequest(
          server,
          client,
          oauth.ClientSecretBasic(SECRET),
          new URLSearchParams(),
          {
            DPoP,
            [oauth.allowInsecureRequests]: true,
          },
        );
      const first = await ask();
      await assert.rejects(oauth.processClientCredentialsResponse(server, client, first), {
        error: "use_dpop_nonce",
      });
      const tokens = await oauth.processClientCredentialsResponse(server, client, await ask());
      assert.equal(tokens.token_type, "dpop");
    } finally {
      await strict.close();
    }
  });
});

describe("mutual TLS", () => {
  let files: Awaited<ReturnType<typeof createCertificates>>;
  let idp: DevIdp;
  before(async () => {
    files = await createCertificates();
    const { n, e, kty } = files.selfSigned.publicJwk;
    const x5c = [new X509Certificate(files.selfSigned.certificate).raw.toString("base64")];
    idp = await startDevIdp({
      log: () => {},
      mtls: {
        key: files.server.key,
        certificate: files.server.certificate,
        clientCa: files.authority.certificate,
      },
      exchange: [{ clientId: "own", from: [API], to: REPORTS, scopes: ["orders:read"] }],
      clients: [
        { clientId: "service", clientSecret: SECRET },
        {
          clientId: "issued",
          authentication: "tls_client_auth",
          certificateDnsName: "issued.countersign.test",
          certificateBound: true,
        },
        {
          clientId: "own",
          authentication: "self_signed_tls_client_auth",
          jwks: { keys: [{ kty, n, e, x5c, use: "sig", kid: "own" }] },
          certificateBound: true,
        },
      ],
    });
  });
  after(() => idp.close());

  const ask = (
    clientId: string,
    certificate?: Certificate,
    { path = "/token", form = CLIENT_CREDENTIALS }: { path?: string; form?: Record<string, string> } = {},
  ) =>
    new Promise<{ readonly status: number | undefined; readonly body: Record<string, unknown> }>(
      (resolve, reject) => {
        const sent = request(
          `${idp.mtlsUrl}${path}`,
          {
            method: "POST",
            ca: files.authority.certificate,
            servername: "localhost",
            agent: false,
            headers: { "content-type": "application/x-www-form-urlencoded" },
            ...(certificate === undefined ? {} : { key: certificate.key, cert: certificate.certificate }),
          },
          (response) => {
            readText(response).then(
              (text) =>
                resolve({ status: response.statusCode, body: text.startsWith("{") ? JSON.parse(text) : {} }),
              reject,
            );
          },
        );
        sent.on("error", reject);
        sent.end(new URLSearchParams({ ...form, client_id: clientId }).toString());
      },
    );

  const thumbprint = ({ certificate }: Certificate): string =>
    createHash("sha256").update(new X509Certificate(certificate).raw).digest("base64url");

  it("says where", async () => {
    const response = await fetch(`${idp.issuer}/.well-known/oauth-authorization-server`);
    const metadata = (await response.json()) as Record<string, unknown>;
    assert.deepEqual(
      (metadata["mtls_endpoint_aliases"] as Record<string, unknown>)["token_endpoint"],
      `${idp.mtlsUrl}/token`,
    );
    assert.equal(metadata["tls_client_certificate_bound_access_tokens"], true);
  });

  it("knows a client by a certificate of the authority or by its own, and binds its tokens to it", async () => {
    for (const [clientId, certificate] of [
      ["issued", files.issued],
      ["own", files.selfSigned],
    ] as const) {
      const { status, body } = await ask(clientId, certificate);
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual(readCnf(body["access_token"]), { "x5t#S256": thumbprint(certificate) });
    }
  });

  it("refuses no certificate, somebody else's, and one of the right name from nowhere", async () => {
    for (const [clientId, certificate] of [
      ["issued", undefined],
      ["issued", files.selfSigned],
      ["issued", files.impostor],
      ["own", files.issued],
      ["own", undefined],
    ] as const) {
      const { status, body } = await ask(clientId, certificate);
      assert.equal(body["error"], "invalid_client");
      assert.ok(status === 400 || status === 401);
    }
  });

  it("binds what a client exchanges to its certificate too", async () => {
    const form = {
      grant_type: EXCHANGE,
      subject_token: await idp.mint(),
      subject_token_type: JWT,
      resource: REPORTS,
    };
    const { status, body } = await ask("own", files.selfSigned, { form });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(readCnf(body["access_token"]), { "x5t#S256": thumbprint(files.selfSigned) });
  });

  it("is for tokens alone", async () => {
    const { status } = await ask("own", files.selfSigned, { path: "/.well-known/openid-configuration" });
    assert.equal(status, 404);
  });

  it("refuses a client with a certificate on the plain listener", async () => {
    const { body } = await post(idp.tokenEndpoint, CLIENT_CREDENTIALS, { clientId: "issued" });
    assert.equal(body["error"], "invalid_client");
  });

  it("is refused at the start where there is no listener for it", async () => {
    const clients = [
      { clientId: "service", clientSecret: SECRET },
      { clientId: "issued", authentication: "tls_client_auth", certificateDnsName: "a.test" } as const,
    ];
    await assert.rejects(
      startDevIdp({ log: () => {}, clients }),
      /clients\[1\]: expected the provider to listen with TLS/,
    );
  });
});
