/** What upstreams behind real gateways get: the changes that the guide tells, in the configurations that are handed out. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { parseConfiguration, type RunningServer, startServer } from "@countersign/server";
import { createValidator } from "countersign";
import { createTestIssuer } from "countersign/testing";

import { answerToken } from "../../packages/server/test/exchange/describe-exchange.ts";
import {
  type IntrospectionServer,
  startIntrospectionServer,
} from "../../packages/server/test/kit/start-introspection-server.ts";
import { skipWithoutGateway } from "../kit/find-gateway.ts";
import { skipWithout } from "../kit/find-program.ts";
import { listSeen, sendRequest } from "../kit/send-request.ts";
import { startCaddy } from "../kit/start-caddy.ts";
import { type EchoServer, startEcho } from "../kit/start-echo.ts";
import { startEnvoy } from "../kit/start-envoy.ts";
import type { DecisionTargets } from "../kit/start-gateway.ts";
import { startNginx } from "../kit/start-nginx.ts";
import { startTraefik } from "../kit/start-traefik.ts";

const ISSUER = "https://sidecar.test";
const issuer = await createTestIssuer();

/** Each change once, or the configuration that is handed out is another one than the guide means. */
function adaptBy(...changes: readonly (readonly [from: string, to: string])[]): (text: string) => string {
  return (text) =>
    changes.reduce((configuration, [from, to]) => {
      assert.equal(configuration.split(from).length, 2, from);
      return configuration.replace(from, to);
    }, text);
}

interface Gateway {
  readonly name: string;
  readonly skip: string | false;
  start(
    targets: DecisionTargets & { readonly extAuthz: string },
  ): Promise<{ readonly url: string; close(): Promise<void> }>;
}

const GATEWAYS: readonly Gateway[] = [
  {
    name: "nginx",
    skip: skipWithout("nginx"),
    start: (targets) =>
      startNginx({
        ...targets,
        adapt: adaptBy([
          'proxy_set_header Authorization "";',
          `auth_request_set $countersign_authorization $upstream_http_authorization;
           auth_request_set $countersign_assertion $upstream_http_x_auth_assertion;
           proxy_set_header Authorization $countersign_authorization;
           proxy_set_header X-Auth-Assertion $countersign_assertion;`,
        ]),
      }),
  },
  {
    name: "Traefik",
    skip: skipWithoutGateway("traefik"),
    start: (targets) =>
      startTraefik({
        ...targets,
        adapt: adaptBy(
          [
            "authResponseHeadersRegex:",
            "authResponseHeaders: [Authorization]\n        authResponseHeadersRegex:",
          ],
          ['          Authorization: ""\n', ""],
        ),
      }),
  },
  {
    name: "Caddy",
    skip: skipWithoutGateway("caddy"),
    start: (targets) =>
      startCaddy({
        ...targets,
        adapt: adaptBy(
          ["X-Auth-Scopes X-Auth-Roles\n", "X-Auth-Scopes X-Auth-Roles Authorization X-Auth-Assertion\n"],
          ["request_header -Authorization\n", ""],
        ),
      }),
  },
  {
    name: "Envoy over gRPC",
    skip: skipWithoutGateway("envoy"),
    start: ({ extAuthz, ...targets }) =>
      startEnvoy("ext-authz-grpc", {
        ...targets,
        decision: extAuthz,
        adapt: adaptBy(["request_headers_to_remove: [authorization]", ""]),
      }),
  },
  {
    name: "Envoy over HTTP",
    skip: skipWithoutGateway("envoy"),
    start: (targets) =>
      startEnvoy("ext-authz-http", {
        ...targets,
        adapt: adaptBy(
          ["request_headers_to_remove: [authorization]", ""],
          [
            "allowed_upstream_headers:\n                            patterns:",
            "allowed_upstream_headers:\n                            patterns:\n                              - { exact: authorization, ignore_case: true }",
          ],
        ),
      }),
  },
];

for (const gateway of GATEWAYS) {
  describe(`credentials for upstreams behind ${gateway.name}`, { skip: gateway.skip }, () => {
    let echo: EchoServer;
    let endpoint: IntrospectionServer;
    let sidecar: RunningServer;
    let running: { readonly url: string; close(): Promise<void> };

    before(async () => {
      echo = await startEcho();
      endpoint = await startIntrospectionServer();
      endpoint.answerWith(answerToken("for.the.upstream"));
      const exchange = `tokenEndpoint: "${endpoint.endpoint}", clientId: c, clientSecret: s, audiences: [orders], insecureLoopbackHttp: true`;
      const text = `
listeners: { decision: "127.0.0.1:0", extAuthz: "127.0.0.1:0", admin: "127.0.0.1:0" }
issuers: ${JSON.stringify([issuer.validatorOptions()])}
exchanges: { orders: { ${exchange} } }
identityHeaders: { assertion: { issuer: "${ISSUER}", audience: orders, keys: { store: memory } } }
routes:
  - { path: /orders/**, allow: authenticated, exchange: orders }
  - { path: /plain, allow: authenticated }
  - { path: /open/**, allow: anonymous }
`;
      const logger = { info() {}, warn() {}, error() {} };
      sidecar = await startServer(parseConfiguration(text, { env: {}, baseDir: "/" }), { logger });
      const { decision = "", extAuthz = "" } = sidecar.addresses;
      running = await gateway.start({ decision, extAuthz, application: echo.address });
    });
    after(async () => {
      await running?.close();
      await sidecar?.close();
      await Promise.all([echo?.close(), endpoint?.close()]);
    });

    it("are the new token in place of the client's, and who it is, signed", async () => {
      const token = await issuer.sign({ sub: "ada" });
      const forged = [["X-Auth-Assertion", "forged"]] as const;
      const { status, echo: seen } = await sendRequest({
        url: running.url,
        target: "/orders/1",
        token,
        headers: forged,
      });
      assert.equal(status, 200);
      assert.deepEqual(listSeen(seen, "authorization"), ["Bearer for.the.upstream"]);
      const [assertion = "", ...others] = listSeen(seen, "x-auth-assertion");
      assert.deepEqual(others, []);
      const validator = createValidator({
        issuers: [
          {
            issuer: ISSUER,
            audiences: ["orders"],
            types: ["countersign-identity+jwt"],
            keys: {
              jwksUri: `http://${sidecar.addresses.decision}/.well-known/jwks.json`,
              insecureLoopbackHttp: true,
            },
          },
        ],
      });
      try {
        assert.equal((await validator.verify(assertion)).claims.sub, "ada");
      } finally {
        await validator.close();
      }
    });

    it("are none of the client's own where there is nothing to give", async () => {
      const token = await issuer.sign({ sub: "ada" });
      const plain = await sendRequest({ url: running.url, target: "/plain", token });
      assert.equal(plain.status, 200);
      assert.deepEqual(listSeen(plain.echo, "authorization").join(""), "");
      const forged = [["X-Auth-Assertion", "forged"]] as const;
      const open = await sendRequest({ url: running.url, target: "/open/x", token, headers: forged });
      assert.equal(open.status, 200);
      for (const name of ["authorization", "x-auth-assertion"]) {
        assert.equal(listSeen(open.echo, name).join(""), "", name);
      }
    });
  });
}
