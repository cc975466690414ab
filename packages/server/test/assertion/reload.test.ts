/** What a reload keeps of credentials for upstreams, and what it refuses. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createTestIssuer } from "countersign/testing";

import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import { answerToken } from "../exchange/describe-exchange.ts";
import { headerOf, sendRaw, writeRequest } from "../kit/raw-request.ts";
import { startIntrospectionServer } from "../kit/start-introspection-server.ts";
import { type Sidecar, startSidecar } from "../kit/start-sidecar.ts";

const issuer = await createTestIssuer();
const issuers = [issuer.validatorOptions()];
const listeners = 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"';
const ROUTES = 'routes: [{ path: "/**", allow: authenticated }]';

function sign(changes: string): string {
  return `${ROUTES}\nidentityHeaders: { assertion: { issuer: "https://sidecar.test", audience: orders, keys: { store: memory }${changes} } }`;
}

function parse(rest: string): ReturnType<typeof parseConfiguration> {
  const text = `listeners: { ${listeners} }\nissuers: ${JSON.stringify(issuers)}\n${rest}\n`;
  return parseConfiguration(text, { env: {}, baseDir: "/" });
}

async function obtain(sidecar: Sidecar, token: string, header: string): Promise<string> {
  const description = ["Method: GET", "Uri: /x", "Host: api.test", "Proto: https"].map(
    (part) => `X-Forwarded-${part}`,
  );
  const lines = ["Host: sidecar", ...description, `Authorization: Bearer ${token}`];
  const answer = await sendRaw(sidecar.decision, writeRequest("GET /authz", lines));
  assert.equal(answer.status, 200);
  return headerOf(answer, header)[0] ?? "";
}

function decode(assertion: string, part: 0 | 1): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(assertion.split(".")[part] ?? "", "base64url").toString()) as Readonly<
    Record<string, unknown>
  >;
}

for (const workers of [1, 2]) {
  describe(`a reload of ${workers} process${workers === 1 ? "" : "es"}`, () => {
    it("changes whom assertions are for, and neither their keys nor that there are some", async () => {
      const rest = (changes: string): string => `workers: ${workers}\n${sign(changes)}`;
      const sidecar = await startSidecar({ issuers, listeners, rest: rest("") });
      try {
        const token = await issuer.sign();
        const before = await obtain(sidecar, token, "x-auth-assertion");
        const applied = await sidecar.reload(() => parse(rest(", lifetimeSeconds: 30, claims: [email]")));
        assert.equal(applied.result, "applied");
        const after = await obtain(sidecar, token, "x-auth-assertion");
        assert.equal(decode(after, 0)["kid"], decode(before, 0)["kid"]);
        assert.equal(Number(decode(after, 1)["exp"]) - Number(decode(after, 1)["iat"]), 30);
        const others = ["https://other.test", "https://sidecar.test"].map((name) =>
          sign("")
            .replace("https://sidecar.test", name)
            .replace("store: memory", "store: memory, algorithm: Ed25519"),
        );
        for (const refused of [...others, ROUTES]) {
          const outcome = await sidecar.reload(() => parse(`workers: ${workers}\n${refused}`));
          assert.equal(outcome.result, "refused");
          if (outcome.result !== "refused") continue;
          assert.deepEqual(
            outcome.problems.map(({ path }) => path),
            ["identityHeaders.assertion.keys"],
          );
        }
      } finally {
        await sidecar.close();
      }
    });
  });
}

describe("a reload without workers", () => {
  it("keeps what was exchanged where the exchange stays, and forgets it where that changes", async () => {
    const endpoint = await startIntrospectionServer();
    let count = 0;
    endpoint.answerWith(({ response }) => {
      count += 1;
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify(answerToken(`new${count}`)));
    });
    const rest = (audience: string, realm: string): string => `realm: ${realm}
routes: [{ path: "/**", allow: authenticated, exchange: orders }]
exchanges: { orders: { tokenEndpoint: "${endpoint.endpoint}", clientId: c, clientSecret: s, audiences: [${audience}], insecureLoopbackHttp: true } }`;
    const sidecar = await startSidecar({ issuers, listeners, rest: rest("a", "one") });
    try {
      const token = await issuer.sign();
      const ask = (): Promise<string> => obtain(sidecar, token, "authorization");
      assert.equal(await ask(), "Bearer new1");
      assert.equal((await sidecar.reload(() => parse(rest("a", "two")))).result, "applied");
      assert.equal(await ask(), "Bearer new1");
      assert.equal((await sidecar.reload(() => parse(rest("b", "two")))).result, "applied");
      assert.equal(await ask(), "Bearer new2");
      assert.equal((await sidecar.reload(() => parse(ROUTES))).result, "applied");
      assert.equal(await ask(), "");
    } finally {
      await sidecar.close();
      await endpoint.close();
    }
  });
});
