/** Tokens that are bound to a client certificate, through an nginx that asks for one over real TLS. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parseConfiguration, type RunningServer, startServer } from "@countersign/server";
import { createClientCertificate, createTestIssuer, type TestClientCertificate } from "countersign/testing";
import { findProgram } from "../kit/find-program.ts";
import { type EchoServer, startEcho } from "../kit/start-echo.ts";
import { type RunningNginx, startNginx } from "../kit/start-nginx.ts";

const SILENT = { info() {}, warn() {}, error() {} };
const skip =
  findProgram("nginx") !== undefined || process.env["CI"] === "true" ? false : "nginx is not installed";

describe("a token that is bound to a certificate, through nginx", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-tls-"));
  let echo: EchoServer;
  let sidecar: RunningServer;
  let nginx: RunningNginx;
  let ours: TestClientCertificate;
  let other: TestClientCertificate;
  let token: string;

  before(async () => {
    const issuer = await createTestIssuer();
    [ours, other] = [await createClientCertificate(), await createClientCertificate()];
    token = await issuer.sign({ cnf: { "x5t#S256": ours.sha256 } });
    const server = await createClientCertificate({ name: "localhost" });
    const files = { certificate: join(folder, "server.pem"), key: join(folder, "server.key") };
    writeFileSync(files.certificate, server.pem);
    writeFileSync(files.key, server.privateKeyPem);
    echo = await startEcho();
    sidecar = await startServer(
      parseConfiguration(
        `
listeners: { decision: "127.0.0.1:0", admin: "127.0.0.1:0" }
issuers: ${JSON.stringify([issuer.validatorOptions()])}
routes: [{ path: /**, allow: authenticated }]
clientCertificate: { header: x-ssl-client-cert, format: pem }
`,
        { env: {}, baseDir: "/" },
      ),
      { logger: SILENT },
    );
    nginx = await startNginx({
      decision: sidecar.addresses["decision"] ?? "",
      application: echo.url.replace("http://", ""),
      // Whoever shows a certificate is let in: the token says which one it has to be.
      adapt: (text) =>
        text
          .replace(
            "listen 127.0.0.1:8081;",
            `ssl_certificate ${files.certificate};
    ssl_certificate_key ${files.key};
    ssl_verify_client optional_no_ca;
    listen 127.0.0.1:8081 ssl;`,
          )
          .replace(
            "proxy_set_header X-Original-Method $request_method;",
            `proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;
        proxy_set_header X-Original-Method $request_method;`,
          ),
    });
  });
  after(async () => {
    await nginx?.close();
    await sidecar?.close();
    await echo?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = (
    shown: TestClientCertificate | undefined,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<number> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(nginx.url);
      const sent = request({
        hostname,
        port,
        path: "/orders/1",
        headers: { authorization: `Bearer ${token}`, ...headers },
        // The server's certificate is as fresh and unknown as the client's.
        rejectUnauthorized: false,
        agent: false,
        timeout: 5000,
        ...(shown && { cert: shown.pem, key: shown.privateKeyPem }),
      });
      sent.on("response", (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode ?? 0));
      });
      sent.on("timeout", () => sent.destroy(new Error("no answer in time")));
      sent.on("error", reject).end();
    });

  it("passes over a connection with that certificate, and over no other", async () => {
    assert.equal(await ask(ours), 200);
    assert.equal(await ask(other), 401);
    assert.equal(await ask(undefined), 401);
  });

  it("passes for nobody who writes the header that nginx writes", async () => {
    const header = { "x-ssl-client-cert": encodeURIComponent(ours.pem) };
    assert.equal(await ask(undefined, header), 401);
    assert.equal(await ask(other, header), 401);
    assert.equal(await ask(ours, { "x-ssl-client-cert": "nobody" }), 200);
  });
});
