import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { encodeAllowed, encodeDenied } from "./encode-check-response.ts";
import { type GatewayProgram, skipWithoutGateway } from "./find-gateway.ts";
import { listSeen, sendRequest } from "./send-request.ts";
import { startApache } from "./start-apache.ts";
import { startCaddy } from "./start-caddy.ts";
import { type EchoServer, startEcho } from "./start-echo.ts";
import { startEnvoy } from "./start-envoy.ts";
import type { DecisionTargets, RunningGateway } from "./start-gateway.ts";
import { startHaproxy } from "./start-haproxy.ts";
import { type RecordingDecision, startRecordingDecision } from "./start-recording-decision.ts";
import { type RecordingExtAuthz, startRecordingExtAuthz } from "./start-recording-ext-authz.ts";
import { startTraefik } from "./start-traefik.ts";

const IDENTITY = [
  ["x-auth-subject", "alice"],
  ["x-auth-issuer", "https://idp.example.com/"],
  ["x-auth-client", ""],
  ["x-auth-scopes", "orders:read"],
  ["x-auth-roles", ""],
] as const;

const SPOOFED = [
  ["X-Auth-Subject", "root"],
  ["X-Auth-Subject", "root2"],
  ["X_Auth_Subject", "root"],
  ["X.Auth.Subject", "root"],
  ["X-Auth_Subject", "root"],
] as const;

interface AskingGateway {
  readonly program: GatewayProgram;
  readonly start: (targets: DecisionTargets) => Promise<RunningGateway>;
  /** Where the question goes, and how it says what the client asked for. */
  readonly question: { readonly target: string; readonly uri?: string };
}

const ASKING: Readonly<Record<string, AskingGateway>> = {
  Caddy: {
    program: "caddy",
    start: startCaddy,
    question: { target: "/authz/caddy", uri: "/orders/%2F1?a=b" },
  },
  Traefik: {
    program: "traefik",
    start: startTraefik,
    question: { target: "/authz/traefik", uri: "/orders/%2F1?a=b" },
  },
  Envoy: {
    program: "envoy",
    start: (targets) => startEnvoy("ext-authz-http", targets),
    question: { target: "/authz/envoy/orders/%2F1?a=b" },
  },
};

for (const [name, { program, start, question }] of Object.entries(ASKING)) {
  describe(`${name} that asks over HTTP`, { skip: skipWithoutGateway(program) }, () => {
    let echo: EchoServer;
    let decision: RecordingDecision;
    let gateway: RunningGateway;
    before(async () => {
      [echo, decision] = await Promise.all([startEcho(), startRecordingDecision()]);
      gateway = await start({ decision: decision.address, application: echo.address });
    });
    after(async () => {
      await gateway?.close();
      await Promise.all([echo.close(), decision.close()]);
    });

    it("asks once, passes what is allowed with the identity that it got, and keeps the token", async () => {
      decision.answerWith({ status: 200, headers: IDENTITY });
      const target = "/orders/%2F1?a=b";
      const answer = await sendRequest({ url: gateway.url, target, token: "t", headers: SPOOFED });
      assert.equal(answer.status, 200);
      assert.equal(answer.echo?.target, target);
      for (const [header, value] of IDENTITY) assert.deepEqual(listSeen(answer.echo, header), [value]);
      assert.deepEqual(listSeen(answer.echo, "authorization"), []);
      const [asked, ...more] = decision.takeQuestions();
      assert.deepEqual(more, []);
      assert.equal(asked?.target, question.target);
      assert.deepEqual(valuesOf(asked?.headers ?? [], "authorization"), ["Bearer t"]);
      if (question.uri !== undefined)
        assert.deepEqual(valuesOf(asked?.headers ?? [], "x-forwarded-uri"), [question.uri]);
    });

    it("asks whatever the host is", async () => {
      decision.answerWith({ status: 403 });
      const answer = await sendRequest({ url: gateway.url.replace("127.0.0.1", "localhost") });
      assert.equal(answer.status, 403);
      assert.equal(decision.takeQuestions().length, 1);
    });

    it("hands a refusal to the client with its challenges, and the request to nobody", async () => {
      const reached = echo.count();
      const challenges = ["Bearer", 'DPoP algs="ES256"'];
      const headers = challenges.map((value) => ["WWW-Authenticate", value] as const);
      decision.answerWith({ status: 401, headers });
      const answer = await sendRequest({ url: gateway.url });
      assert.equal(answer.status, 401);
      assert.equal(answer.headers["www-authenticate"], challenges.join(", "));
      assert.equal(echo.count(), reached);
      decision.takeQuestions();
    });

    it("does not make a refusal of an answer that there is no decision", async () => {
      const reached = echo.count();
      decision.answerWith({ status: 503, headers: [["Retry-After", "5"]] });
      const answer = await sendRequest({ url: gateway.url, token: "t" });
      assert.equal(answer.status, 503);
      assert.equal(answer.headers["retry-after"], "5");
      assert.equal(echo.count(), reached);
      decision.takeQuestions();
    });
  });
}

for (const configuration of ["ext-authz-grpc", "istio-grpc"] as const) {
  describe(`Envoy that asks over gRPC, as in ${configuration}`, {
    skip: skipWithoutGateway("envoy"),
  }, () => {
    let echo: EchoServer;
    let authz: RecordingExtAuthz;
    let gateway: RunningGateway;
    before(async () => {
      [echo, authz] = await Promise.all([startEcho(), startRecordingExtAuthz()]);
      gateway = await startEnvoy(configuration, { decision: authz.address, application: echo.address });
    });
    after(async () => {
      await gateway?.close();
      await Promise.all([echo.close(), authz.close()]);
    });

    it("passes what is allowed with its identity", async () => {
      authz.answerWith({ message: encodeAllowed(IDENTITY) });
      const headers = [["X-Auth-Subject", "root"]] as const;
      const answer = await sendRequest({ url: gateway.url, token: "t", headers });
      assert.equal(answer.status, 200);
      assert.deepEqual(listSeen(answer.echo, "x-auth-subject"), ["alice"]);
      const [call, ...more] = authz.takeCalls();
      assert.deepEqual(more, []);
      assert.equal(call?.path, "/envoy.service.auth.v3.Authorization/Check");
      assert.ok(call.message.includes("/orders/1"));
    });

    it("hands refusals to the client, and takes silence for no decision", async () => {
      const reached = echo.count();
      authz.answerWith({ message: encodeDenied(401, [["www-authenticate", "Bearer"]]) });
      const refused = await sendRequest({ url: gateway.url });
      assert.equal(refused.status, 401);
      assert.equal(refused.headers["www-authenticate"], "Bearer");
      authz.answerWith({ grpcStatus: 14 });
      assert.equal((await sendRequest({ url: gateway.url, token: "t" })).status, 503);
      assert.equal(echo.count(), reached);
      assert.equal(authz.takeCalls().length, 2);
    });
  });
}

const IN_FRONT = {
  HAProxy: { program: "haproxy", start: startHaproxy },
  Apache: { program: "apache2", start: startApache },
} as const;

for (const [name, { program, start }] of Object.entries(IN_FRONT)) {
  describe(`${name} in front of the built-in proxy`, { skip: skipWithoutGateway(program) }, () => {
    let echo: EchoServer;
    let gateway: RunningGateway;
    before(async () => {
      echo = await startEcho();
      gateway = await start({ proxy: echo.address });
    });
    after(async () => {
      await gateway?.close();
      await echo.close();
    });

    it("passes on the client's bytes, and what it knows of the client in place of what the client says", async () => {
      const target = "/orders/%2F1//a/../b;c?a=%20";
      const headers = [
        ["X-Forwarded-For", "192.0.2.1"],
        ["X-Forwarded-Proto", "https"],
        ["X-Forwarded-Uri", "/public"],
        ["Forwarded", "for=192.0.2.1"],
      ] as const;
      const answer = await sendRequest({ url: gateway.url, target, token: "t", headers });
      assert.equal(answer.status, 200);
      assert.equal(answer.echo?.target, target);
      assert.deepEqual(listSeen(answer.echo, "authorization"), ["Bearer t"]);
      assert.deepEqual(listSeen(answer.echo, "x-forwarded-for"), ["127.0.0.1"]);
      assert.deepEqual(listSeen(answer.echo, "x-forwarded-proto"), ["http"]);
      assert.deepEqual(listSeen(answer.echo, "x-forwarded-uri"), []);
      assert.deepEqual(listSeen(answer.echo, "forwarded"), []);
    });
  });
}

describe("a gateway of the kit", { skip: skipWithoutGateway("haproxy") }, () => {
  it("says what the program said where it does not start", async () => {
    const start = startHaproxy({ proxy: "127.0.0.1:9", adapt: () => "no such setting\n" });
    await assert.rejects(
      start,
      /did not start: [\s\S]*no such setting|did not start: [\s\S]*unknown keyword/,
    );
  });

  it("is gone after close, which may be called again", async () => {
    const echo = await startEcho();
    try {
      const gateway = await startHaproxy({ proxy: echo.address });
      assert.equal((await sendRequest({ url: gateway.url })).status, 200);
      await gateway.close();
      await gateway.close();
      await assert.rejects(sendRequest({ url: gateway.url }), { code: "ECONNREFUSED" });
    } finally {
      await echo.close();
    }
  });
});

function valuesOf(headers: readonly (readonly [string, string])[], name: string): readonly string[] {
  return headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
}
