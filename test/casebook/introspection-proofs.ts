/** Proofs about tokens that their issuer is asked about. */

import assert from "node:assert/strict";
import { parseConfiguration } from "@countersign/server";
import { createTestIssuer, type TestIssuer } from "countersign/testing";
import {
  headerOf,
  type RawAnswer,
  sendRaw,
  writeRequest,
} from "../../packages/server/test/kit/raw-request.ts";
import {
  type IntrospectionServer,
  startIntrospectionServer,
} from "../../packages/server/test/kit/start-introspection-server.ts";
import { type Sidecar, startSidecar } from "../../packages/server/test/kit/start-sidecar.ts";
import type { Proofs } from "./describe-proofs.ts";

const ROUTES = [
  { path: "/orders", allow: "authenticated", scopes: ["orders:read"] },
  { path: "/admin", allow: "authenticated", scopes: ["admin"] },
];
const LISTENERS = 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"';

interface Scene {
  readonly issuer: TestIssuer;
  readonly server: IntrospectionServer;
  readonly sidecar: Sidecar;
  /** The file's text, with this in `introspection`. */
  write(introspection: object): string;
}

/** A sidecar that asks about opaque tokens. */
async function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  const issuer = await createTestIssuer({ algorithms: ["ES256"] });
  const server = await startIntrospectionServer();
  const describe = (changes: object): object => ({
    ...issuer.validatorOptions(),
    introspection: {
      endpoint: server.endpoint,
      clientId: "countersign",
      clientSecret: "s3cret",
      insecureLoopbackHttp: true,
      ...changes,
    },
  });
  const rest = `routes: ${JSON.stringify(ROUTES)}`;
  const write = (changes: object): string =>
    `listeners: { ${LISTENERS} }\nissuers: ${JSON.stringify([describe(changes)])}\n${rest}`;
  const sidecar = await startSidecar({ issuers: [describe({})], rest, listeners: LISTENERS });
  try {
    await use({ issuer, server, sidecar, write });
  } finally {
    await sidecar.close();
    await server.close();
  }
}

function ask({ decision }: Sidecar, path: string, token: string): Promise<RawAnswer> {
  const description = ["Method: GET", `Uri: ${path}`, "Host: api.test", "Proto: http"].map(
    (part) => `X-Forwarded-${part}`,
  );
  const lines = ["Host: sidecar", ...description, `Authorization: Bearer ${token}`];
  return sendRaw(decision, writeRequest("GET /authz", lines));
}

function stateGood({ issuer }: Scene): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now - 10, exp: now + 300 };
  return { iss: issuer.issuer, sub: "ada", aud: issuer.audience, scope: "orders:read", ...times };
}

export const INTROSPECTION_PROOFS: Proofs = {
  "36 refuses what an introspection says for the reason that refuses it in a token": () =>
    withScene(async (scene) => {
      const { issuer, server, sidecar } = scene;
      const changes: readonly Record<string, unknown>[] = [
        {},
        { aud: "https://other.test" },
        { aud: undefined },
        { iss: "https://other.test/" },
        { exp: 1 },
        { exp: undefined },
        { nbf: 4_000_000_000 },
        { sub: 7 },
        { nonce: "of an ID token" },
        { cnf: { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } },
        { scope: "orders:write" },
      ];
      for (const [index, change] of changes.entries()) {
        const claims = JSON.parse(JSON.stringify({ ...stateGood(scene), ...change })) as Record<
          string,
          never
        >;
        const header = { alg: "ES256", kid: issuer.key().keyId, typ: "at+jwt" };
        const texts = { headerText: JSON.stringify(header), payloadText: JSON.stringify(claims) };
        const asToken = await ask(sidecar, "/orders", await issuer.signRaw(texts));
        const reason = sidecar.events.at(-1)?.reason;
        server.answerWith({ active: true, ...claims });
        const asStated = await ask(sidecar, "/orders", `opaque-${index}`);
        assert.equal(sidecar.events.at(-1)?.reason, reason, JSON.stringify(change));
        assert.equal(asStated.status, asToken.status);
        assert.equal(asStated.status === 200, index === 0, JSON.stringify(change));
        assert.deepEqual(headerOf(asStated, "x-auth-subject"), headerOf(asToken, "x-auth-subject"));
      }
    }),

  "36 takes no refresh token for an access token because it is active": () =>
    withScene(async (scene) => {
      const { server, sidecar } = scene;
      for (const [index, kind] of [
        { token_type: "refresh_token" },
        { typ: "Refresh" },
        { typ: "ID" },
      ].entries()) {
        server.answerWith({ active: true, ...stateGood(scene), ...kind });
        assert.equal((await ask(sidecar, "/orders", `refresh-${index}`)).status, 401);
      }
    }),

  "39 judges each route anew by what was remembered of a token": () =>
    withScene(async (scene) => {
      const { server, sidecar } = scene;
      server.answerWith({ active: true, ...stateGood(scene) });
      assert.equal((await ask(sidecar, "/orders", "opaque")).status, 200);
      assert.equal((await ask(sidecar, "/admin", "opaque")).status, 403);
      assert.equal((await ask(sidecar, "/nowhere", "opaque")).status, 403);
      assert.equal(server.seen.length, 1, "remembered, and no decision with it");
      assert.equal((await ask(sidecar, "/orders", "opaque2")).status, 200);
      assert.equal(server.seen.length, 2, "another token is another question");
    }),

  "39 asks again where another endpoint, client or audience is configured": () =>
    withScene(async (scene) => {
      const { server, sidecar, write } = scene;
      const other = await startIntrospectionServer();
      try {
        server.answerWith({ active: true, ...stateGood(scene) });
        assert.equal((await ask(sidecar, "/orders", "opaque")).status, 200);
        const reload = (changes: object): Promise<unknown> =>
          sidecar.reload(async () => parseConfiguration(write(changes), { env: {}, baseDir: "/" }));
        await reload({ timeoutMs: 2000 });
        assert.equal((await ask(sidecar, "/orders", "opaque")).status, 200);
        assert.equal(server.seen.length, 1, "the same question is remembered over a reload");
        other.answerWith({ active: false });
        await reload({ endpoint: other.endpoint });
        assert.equal((await ask(sidecar, "/orders", "opaque")).status, 401);
        await reload({ clientId: "another" });
        assert.equal((await ask(sidecar, "/orders", "opaque")).status, 200);
        assert.deepEqual([server.seen.length, other.seen.length], [2, 1]);
      } finally {
        await other.close();
      }
    }),
};
