/** Client certificates on TLS connections of our own, with real TLS clients. */

import assert from "node:assert/strict";
import { Agent, request } from "node:https";
import { after, before, describe, it } from "node:test";
import { connect, type PeerCertificate } from "node:tls";
import {
  createClientCertificate,
  createTestIssuer,
  type TestClientCertificate,
  type TestIssuer,
} from "countersign/testing";
import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import { type Sidecar, startSidecar } from "../kit/start-sidecar.ts";
import { startUpstream, type TestUpstream } from "../kit/start-upstream.ts";

const ROUTES = "routes: [{ path: /**, allow: authenticated }]";

interface Answer {
  readonly status: number;
  /** Of the server. */
  readonly fingerprint: string;
}

function ask(
  address: string,
  {
    token,
    shown,
    agent,
  }: { readonly token: string; readonly shown?: TestClientCertificate; readonly agent?: Agent },
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const [host, port] = address.split(":");
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host,
        port,
        path: "/orders",
        rejectUnauthorized: false,
        agent: agent ?? false,
        headers: { host: "api.test", authorization: `Bearer ${token}`, ...headers },
        ...(shown !== undefined && { cert: shown.pem, key: shown.privateKeyPem }),
      },
      (response) => {
        const { fingerprint256: fingerprint } = (
          response.socket as unknown as { getPeerCertificate(): PeerCertificate }
        ).getPeerCertificate();
        response.resume();
        response.once("end", () => resolve({ status: response.statusCode ?? 0, fingerprint }));
        response.once("error", reject);
      },
    );
    asked.once("error", reject);
    asked.end();
  });
}

function describeTls(server: TestClientCertificate, others: object = {}): string {
  const tls = {
    certificate: server.pem,
    key: server.privateKeyPem,
    requestCertificate: true,
    ...others,
  };
  return `proxy: ${JSON.stringify({ address: "127.0.0.1:0", tls })}, decision: "off", admin: "127.0.0.1:0"`;
}

for (const workers of [1, 2]) {
  describe(`a proxy of ${workers} process${workers === 1 ? "" : "es"} that ends TLS itself`, () => {
    let issuer: TestIssuer;
    let upstream: TestUpstream;
    let server: TestClientCertificate;
    let ours: TestClientCertificate;
    let other: TestClientCertificate;
    let bound: string;
    let bearer: string;

    before(async () => {
      issuer = await createTestIssuer();
      upstream = await startUpstream();
      [server, ours, other] = await Promise.all([
        createClientCertificate({ name: "localhost" }),
        createClientCertificate(),
        createClientCertificate(),
      ]);
      bound = await issuer.sign({ cnf: { "x5t#S256": ours.sha256 } });
      bearer = await issuer.sign();
    });
    after(() => upstream?.close());

    const describeRest = (more = ""): string =>
      `workers: ${workers}\nupstream: ${upstream.url}\n${ROUTES}\n${more}`;

    async function within(
      setup: { readonly tls?: object; readonly more?: string },
      play: (sidecar: Sidecar) => Promise<void>,
    ): Promise<void> {
      const sidecar = await startSidecar({
        issuers: [issuer.validatorOptions()],
        rest: describeRest(setup.more),
        listeners: describeTls(server, setup.tls),
      });
      try {
        await play(sidecar);
      } finally {
        await sidecar.close();
      }
    }

    const reload = (sidecar: Sidecar, listeners: string): ReturnType<Sidecar["reload"]> =>
      sidecar.reload(() =>
        parseConfiguration(
          `listeners: { ${listeners} }\nissuers: ${JSON.stringify([issuer.validatorOptions()])}\n${describeRest()}\n`,
          { env: {}, baseDir: "/" },
        ),
      );

    it("lets a bound token pass with its certificate, on every request of the connection, and with no other", async () => {
      await within({}, async ({ proxy }) => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        for (let turn = 0; turn < 3; turn++) {
          assert.equal((await ask(proxy, { token: bound, shown: ours, agent })).status, 200);
        }
        agent.destroy();
        assert.deepEqual(upstream.valuesOf("x-forwarded-proto"), ["https"]);
        assert.match(upstream.valuesOf("forwarded").join(), /proto=https/);
        assert.equal((await ask(proxy, { token: bound, shown: other })).status, 401);
        assert.equal((await ask(proxy, { token: bound })).status, 401);
        assert.equal((await ask(proxy, { token: bearer })).status, 200);
        assert.equal((await ask(proxy, { token: bearer, shown: other })).status, 200);
      });
    });

    it("believes no header about certificates that it was not told to believe", async () => {
      const certificate = `:${Buffer.from(ours.der).toString("base64")}:`;
      await within({}, async ({ proxy }) => {
        const asked = await ask(proxy, { token: bound, shown: other }, { "client-cert": certificate });
        assert.equal(asked.status, 401);
      });
    });

    it("takes the certificate of a trusted proxy's connection for the proxy's, where its header is believed", async () => {
      const more = "clientCertificate: { header: client-cert, format: rfc9440 }";
      const certificate = `:${Buffer.from(ours.der).toString("base64")}:`;
      await within({ more }, async ({ proxy }) => {
        assert.equal((await ask(proxy, { token: bound, shown: ours })).status, 401);
        const told = await ask(proxy, { token: bound, shown: other }, { "client-cert": certificate });
        assert.equal(told.status, 200);
      });
    });

    it("asks nobody for a certificate unless it is to", async () => {
      await within({ tls: { requestCertificate: false } }, async ({ proxy }) => {
        assert.equal((await ask(proxy, { token: bound, shown: ours })).status, 401);
        assert.equal((await ask(proxy, { token: bearer })).status, 200);
      });
    });

    it("cuts who shows a certificate of other authorities", async () => {
      await within({ tls: { clientCa: ours.pem } }, async ({ proxy }) => {
        assert.equal((await ask(proxy, { token: bound, shown: ours })).status, 200);
        assert.equal((await ask(proxy, { token: bearer })).status, 200);
        await assert.rejects(ask(proxy, { token: bearer, shown: other }));
      });
    });

    it("speaks nothing older than TLS 1.2, and no plain HTTP", async () => {
      await within({}, async ({ proxy }) => {
        const [host = "", port] = proxy.split(":");
        await assert.rejects(
          new Promise((resolve, reject) => {
            const options = {
              host,
              port: Number(port),
              rejectUnauthorized: false,
              maxVersion: "TLSv1.1",
            } as const;
            const socket = connect({ ...options, minVersion: "TLSv1" }, () => resolve(socket.destroy()));
            socket.once("error", reject);
          }),
        );
        await assert.rejects(fetch(`http://${proxy}/orders`));
      });
    });

    it("shows another certificate, and asks other authorities, after a reload, and cuts no connection", async () => {
      await within({ tls: { clientCa: ours.pem } }, async (sidecar) => {
        const { proxy } = sidecar;
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        const before = await ask(proxy, { token: bound, shown: ours, agent });
        assert.equal(before.status, 200);
        const next = await createClientCertificate({ name: "localhost" });
        const outcome = await reload(sidecar, describeTls(next, { clientCa: other.pem }));
        assert.equal(outcome.result, "applied");
        assert.equal(
          (await ask(proxy, { token: bound, shown: ours, agent })).fingerprint,
          before.fingerprint,
        );
        agent.destroy();
        const renewed = await ask(proxy, { token: bearer, shown: other });
        assert.equal(renewed.status, 200);
        assert.notEqual(renewed.fingerprint, before.fingerprint);
        await assert.rejects(ask(proxy, { token: bearer, shown: ours }));
      });
    });

    it("does not stop speaking TLS on an open address", async () => {
      await within({}, async (sidecar) => {
        const plain = 'proxy: "127.0.0.1:0", decision: "off", admin: "127.0.0.1:0"';
        const outcome = await reload(sidecar, plain);
        assert.equal(outcome.result, "refused");
        assert.equal((await ask(sidecar.proxy, { token: bearer })).status, 200);
      });
    });
  });
}

describe("TLS of a listener in a configuration", () => {
  it("has a certificate and its key, and authorities only where certificates are asked for", async () => {
    const [one, other] = await Promise.all([createClientCertificate(), createClientCertificate()]);
    const good = { certificate: one.pem, key: one.privateKeyPem };
    const bad: readonly (readonly [object, RegExp])[] = [
      [{ ...good, key: other.privateKeyPem }, /private key/],
      [{ ...good, certificate: "none" }, /certificate/],
      [{ ...good, clientCa: one.pem }, /requestCertificate: true/],
      [{ ...good, requestCertificate: true, clientCa: "none" }, /clientCa/],
      [{ certificate: one.pem }, /key/],
    ];
    for (const [tls, expected] of bad) {
      const listeners = JSON.stringify({ proxy: { address: "127.0.0.1:0", tls } });
      const text = `listeners: ${listeners}\nissuers: [{ issuer: "https://i.test/", audiences: [a], keys: { discovery: true } }]\nupstream: http://127.0.0.1:3000\n${ROUTES}`;
      assert.throws(() => parseConfiguration(text, { env: {}, baseDir: "/" }), expected);
    }
  });
});
