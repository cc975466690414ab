/** Proofs at the sidecar's endpoints that no probe through a gateway can show. */

import assert from "node:assert/strict";
import { parseConfiguration } from "@countersign/server";
import { REASONS, type ReasonName } from "countersign";
import { createTestIssuer } from "countersign/testing";
import { createDecisionFront, DECISION_MODELS } from "../../conformance/casebook/decision-models.ts";
import { createRefusal } from "../../packages/server/src/decision/create-refusal.ts";
import {
  createDialectSettings,
  createHttpDialects,
} from "../../packages/server/src/dialects/create-dialects.ts";
import { createEnvoyGrpcDialect } from "../../packages/server/src/dialects/envoy-grpc/envoy-grpc.ts";
import { CHECK, createCaller } from "../../packages/server/test/kit/grpc-client.ts";
import {
  decodeWire,
  encodeCheck,
  listMessages,
  numberOf,
  textOf,
} from "../../packages/server/test/kit/protobuf.ts";
import {
  headerOf,
  type RawAnswer,
  sendRaw,
  writeRequest,
} from "../../packages/server/test/kit/raw-request.ts";
import { type Sidecar, startSidecar } from "../../packages/server/test/kit/start-sidecar.ts";
import type { Proofs } from "./describe-proofs.ts";

const ROUTES = `
routes:
  - { path: /public/**, allow: anonymous }
  - { path: /orders/**, allow: authenticated }
`;
const LISTENERS = 'decision: "127.0.0.1:0", extAuthz: "127.0.0.1:0", admin: "127.0.0.1:0"';
const IDENTITY = ["subject", "issuer", "client", "scopes", "roles"].map((suffix) => `x-auth-${suffix}`);
const OVERWRITE = 2;

/** Runs with a sidecar of its own and the issuer that it trusts. */
async function withSidecar(
  rest: string,
  use: (sidecar: Sidecar, sign: (claims?: Parameters<Issuer["sign"]>[0]) => Promise<string>) => Promise<void>,
): Promise<void> {
  const issuer = await createTestIssuer();
  const setup = { issuers: [issuer.validatorOptions()], listeners: LISTENERS, rest };
  const sidecar = await startSidecar(setup);
  try {
    await use(sidecar, (claims) => issuer.sign(claims));
  } finally {
    await sidecar.close();
  }
}

type Issuer = Awaited<ReturnType<typeof createTestIssuer>>;

function ask({ decision }: Sidecar, path: string, lines: readonly string[]): Promise<RawAnswer> {
  return sendRaw(decision, writeRequest(`GET ${path}`, ["Host: sidecar", ...lines]));
}

/** A whole description; `uri` is the target. */
function describe(prefix: "Original" | "Forwarded", uri: string): readonly string[] {
  const parts = [`Method: GET`, `Uri: ${uri}`, "Host: api.test", "Proto: http"];
  return parts.map((part) => `X-${prefix}-${part}`);
}

export const ENDPOINT_PROOFS: Proofs = {
  "14 believes no description from a peer that is not listed": () =>
    withSidecar(`${ROUTES}trustedProxies: ["192.0.2.1"]`, async (sidecar) => {
      for (const model of DECISION_MODELS) {
        const front = createDecisionFront(model, sidecar.decision);
        const request = { method: "GET", target: "/public/x", host: "api.test", headers: [] };
        const { status, reached } = await front.send(request);
        assert.deepEqual([status, reached.length], [403, 0], model.name);
      }
      const caller = createCaller(sidecar.addresses.extAuthz ?? "");
      const answer = decodeWire(await caller.call(CHECK, encodeCheck({ path: "/public/x" })));
      caller.close();
      assert.notEqual(numberOf(listMessages(answer, 1)[0], 1), 0);
    }),

  "18 reads X-Original-* alone, and refuses where X-Forwarded-* differs": () =>
    withSidecar(ROUTES, async (sidecar) => {
      const open = describe("Original", "/public/x");
      const guarded = describe("Original", "/orders/1");
      const path = "/authz/nginx";
      assert.equal((await ask(sidecar, path, open)).status, 200);
      assert.equal((await ask(sidecar, path, [...open, "X-Forwarded-Uri: /public/x"])).status, 200);
      for (const lines of [
        [...open, "X-Forwarded-Uri: /orders/1"],
        [...open, "X-Forwarded-Method: DELETE"],
        [...guarded, "X-Forwarded-Uri: /public/x"],
        [...guarded, "X-Forwarded-Method: OPTIONS"],
        [...open, "X-Original-Uri: /orders/1"],
        [...describe("Forwarded", "/public/x"), "X-Original-Method: GET"],
        describe("Forwarded", "/public/x"),
      ])
        assert.ok([401, 403].includes((await ask(sidecar, path, lines)).status), lines.join());
    }),

  "19 reads nothing from the query of its own endpoints": () =>
    withSidecar(ROUTES, async (sidecar) => {
      const query = "?uri=/public/x&X-Forwarded-Uri=/public/x&allow=anonymous&access_token=a";
      for (const path of ["/authz", "/authz/caddy", "/authz/traefik"]) {
        assert.equal((await ask(sidecar, path + query, describe("Forwarded", "/public/x"))).status, 200);
        assert.equal((await ask(sidecar, path + query, describe("Forwarded", "/orders/1"))).status, 401);
        assert.equal((await ask(sidecar, path + query, [])).status, 403);
      }
    }),

  "21 sends every identity header with every permission, empty ones too": () =>
    withSidecar(ROUTES, async (sidecar, sign) => {
      const token = `Authorization: Bearer ${await sign()}`;
      for (const [path, prefix] of [
        ["/authz", "Forwarded"],
        ["/authz/caddy", "Forwarded"],
        ["/authz/traefik", "Forwarded"],
        ["/authz/nginx", "Original"],
      ] as const) {
        for (const lines of [describe(prefix, "/public/x"), [...describe(prefix, "/orders/1"), token]]) {
          const answer = await ask(sidecar, path, lines);
          assert.equal(answer.status, 200);
          for (const name of IDENTITY) assert.equal(headerOf(answer, name).length, 1, `${path} ${name}`);
        }
      }
    }),

  "26 tells Envoy over gRPC to overwrite, in the terms of old and new versions": () =>
    withSidecar(ROUTES, async (sidecar, sign) => {
      const caller = createCaller(sidecar.addresses.extAuthz ?? "");
      const headers = [
        ["authorization", `Bearer ${await sign()}`],
        ["x-auth-subject", "root"],
        ["x_auth_roles", "root"],
      ] as const;
      const answer = decodeWire(await caller.call(CHECK, encodeCheck({ path: "/orders/1", headers })));
      caller.close();
      const options = listMessages(answer, 3, 2);
      const names = options.map((option) => textOf(listMessages(option, 1)[0], 1));
      assert.ok(names.includes("x-auth-subject"));
      for (const option of options) {
        const [append] = listMessages(option, 2);
        assert.ok(append !== undefined && numberOf(append, 1) === 0, "append: false, and not absent");
        assert.equal(numberOf(option, 3), OVERWRITE);
      }
      const removed = (listMessages(answer, 3)[0]?.get(5) ?? []).map((name) =>
        Buffer.from(name as Uint8Array).toString(),
      );
      for (const name of ["x_auth_roles", "x-auth-roles", "authorization"])
        assert.ok(removed.includes(name), name);
      assert.ok(!removed.some((name) => names.includes(name)), "Envoy removes after it has set");
    }),

  "45 gives every reason a status of its fault in every dialect": () => {
    const text = JSON.stringify({
      issuers: [{ issuer: "https://idp.test/", audiences: ["a"], keys: { discovery: true } }],
      routes: [{ path: "/**", allow: "authenticated" }],
    });
    const settings = createDialectSettings(parseConfiguration(text, { env: {}, baseDir: "/" }));
    const dialects = [...createHttpDialects(settings), createEnvoyGrpcDialect(settings)];
    const timing = { startedAt: 0, durationMs: 0, validationMs: undefined };
    for (const [reason, { fault }] of Object.entries(REASONS)) {
      const rejected = createRefusal(reason as ReasonName);
      for (const dialect of dialects) {
        const { status } = dialect.answer({ allow: false, rejected, scopes: [], remove: [], timing });
        assert.ok(
          fault === "system" ? status === 503 : [400, 401, 403].includes(status),
          `${dialect.name} ${reason}`,
        );
      }
    }
  },

  "48 writes no token and no claim of a refused one into its log": async () => {
    const issuer = await createTestIssuer();
    const rest = `${ROUTES}upstream: "http://127.0.0.1:1"`;
    const sidecar = await startSidecar({ issuers: [issuer.validatorOptions()], rest });
    const marked = { sub: "marked-subject", email: "marked@example.com" };
    const good = await issuer.sign(marked);
    const refused = [
      await issuer.sign({ ...marked, aud: "other" }),
      await issuer.sign({ ...marked, exp: 1 }),
    ];
    try {
      for (const token of [good, ...refused]) {
        const lines = ["Host: api.test", `Authorization: Bearer ${token}`];
        await sendRaw(sidecar.proxy, writeRequest("GET /orders/1", lines));
        await ask(sidecar, "/authz", [...describe("Forwarded", "/orders/1"), ...lines]);
        await ask(sidecar, "/authz", lines);
      }
    } finally {
      await sidecar.close();
    }
    assert.ok(
      sidecar.log.some(({ level }) => level === "warn"),
      "something was logged",
    );
    const text = sidecar.log.map(({ message, fields }) => message + describeFields(fields)).join("\n");
    for (const token of [good, ...refused]) assert.ok(!text.includes(token.split(".")[1] ?? token));
    assert.doesNotMatch(text, /marked/);
    const events = JSON.stringify(sidecar.events.filter(({ outcome }) => outcome === "refused"));
    assert.ok(events.includes("audience_mismatch"));
    assert.doesNotMatch(events, /marked/, "nor into events of refusals");
  },

  "50 meets no rule about a claim with a part of the claim's text": () => {
    const rule = (claim: object): string => JSON.stringify({ claims: [claim] });
    const rest = `
routes:
  - { path: /equals, allow: authenticated, require: ${rule({ path: "email", equals: "ada@example.com" })} }
  - { path: /contains, allow: authenticated, require: ${rule({ path: "groups", contains: "admin" })} }
`;
    return withSidecar(rest, async (sidecar, sign) => {
      const judge = async (path: string, claims: Parameters<Issuer["sign"]>[0]): Promise<number> => {
        const token = `Authorization: Bearer ${await sign(claims)}`;
        return (await ask(sidecar, "/authz", [...describe("Forwarded", path), token])).status;
      };
      assert.equal(await judge("/equals", { email: "ada@example.com" }), 200);
      assert.equal(await judge("/contains", { groups: ["admin"] }), 200);
      const emails = [
        "ada@example.com@evil.test",
        "x@ada@example.com",
        "ADA@example.com",
        "ada@example.com.evil.test",
      ];
      for (const email of [...emails, "ada@example.com\n", ["ada@example.com"]])
        assert.equal(await judge("/equals", { email }), 403);
      for (const groups of ["admin", "not-admin", ["not-admin"], ["admins"], { admin: true }])
        assert.equal(await judge("/contains", { groups }), 403);
    });
  },
};

function describeFields(fields: object): string {
  const seen = (_: string, value: unknown): unknown =>
    value instanceof Error ? `${value.stack ?? ""} ${String(value.cause)}` : value;
  return JSON.stringify(fields, seen);
}
