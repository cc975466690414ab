import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { createTestIssuer, type TestIssuer } from "countersign/testing";
import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import { callApi } from "../kit/call-api.ts";
import { type Sidecar, startSidecar } from "../kit/start-sidecar.ts";
import { waitFor } from "../kit/wait-for.ts";

const ROUTES = `
routes:
  - { path: "/**", allow: authenticated }
  - { path: "/fresh/**", allow: authenticated, revocation: fresh }
  - { path: "/once/**", allow: authenticated, singleUse: true, scopes: [pay] }
`;

async function ask(decision: string, target: string, token: string): Promise<number> {
  const response = await fetch(`http://${decision}/authz`, {
    headers: {
      authorization: `Bearer ${token}`,
      "x-forwarded-method": "GET",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "api.example.com",
      "x-forwarded-uri": target,
    },
  });
  await response.arrayBuffer();
  return response.status;
}

for (const workers of [1, 2]) {
  describe(`revocation in a sidecar of ${workers} process${workers === 1 ? "" : "es"}`, () => {
    let folder: string;
    let issuer: TestIssuer;
    let sidecar: Sidecar;
    let token: string;

    before(async () => {
      folder = await mkdtemp(path.join(tmpdir(), "countersign-revocation-"));
      issuer = await createTestIssuer();
      const tokenFile = path.join(folder, "api.token");
      const store = `{ sqlite: "${path.join(folder, "revocations.db")}" }`;
      const replay = `{ sqlite: "${path.join(folder, "uses.db")}" }`;
      sidecar = await startSidecar({
        issuers: [issuer.validatorOptions()],
        rest: `workers: ${workers}\nrevocation: { store: ${store} }\nreplay: { store: ${replay} }\napi: { tokenFile: "${tokenFile}" }\n${ROUTES}`,
        listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
      });
      token = (await readFile(tokenFile, "utf8")).trim();
      assert.equal((await stat(tokenFile)).mode & 0o777, 0o600);
    });
    after(async () => {
      await sidecar?.close();
      await rm(folder, { recursive: true });
    });

    const call = (target: string, init?: Parameters<typeof callApi>[2]) =>
      callApi({ admin: sidecar.addresses.admin, token }, target, init);

    it("refuses a token once it is revoked, and no other", async () => {
      const bad = await issuer.sign({ sub: "mallory", jti: "stolen" });
      const good = await issuer.sign({ sub: "alice", jti: "kept" });
      assert.equal(await ask(sidecar.decision, "/a", bad), 200);
      assert.equal(await ask(sidecar.decision, "/fresh/a", bad), 200);
      const reply = await call("/revocations", { body: { token: bad, reason: "stolen laptop" } });
      assert.equal(reply.status, 201, reply.text);
      await waitFor(async () => (await ask(sidecar.decision, "/a", bad)) === 401);
      for (let tries = 0; tries < 8; tries++) assert.equal(await ask(sidecar.decision, "/a", good), 200);
    });

    it("refuses everything of a subject that was issued until then, and lets it back in once lifted", async () => {
      const old = await issuer.sign({ sub: "bob", jti: "b1" });
      const body = {
        id: "bob-1",
        target: { kind: "subject", issuer: issuer.issuer, value: "bob" },
        reason: "left",
      };
      assert.equal((await call("/revocations", { body })).status, 201);
      await waitFor(async () => (await ask(sidecar.decision, "/a", old)) === 401);
      const lifted = await call("/revocations/bob-1?reason=mistake", { method: "DELETE" });
      assert.equal(lifted.status, 200, lifted.text);
      await waitFor(async () => (await ask(sidecar.decision, "/a", old)) === 200);
    });

    it("names itself with the position that all of its processes have applied", async () => {
      const body = { target: { kind: "session", issuer: issuer.issuer, value: "s" }, reason: "logout" };
      const { position } = (await call("/revocations", { body })).json as { position: number };
      await waitFor(async () => {
        const { json } = await call("/instances");
        const instances = json["instances"] as { position: number; state: string }[];
        return (
          instances.length === 1 &&
          instances.every((instance) => instance.state === "live" && instance.position >= position)
        );
      });
    });

    it("lets a token for one use pass once among its processes, and not use it up where the route refuses it", async () => {
      const poor = await issuer.sign({ sub: "alice", jti: "u0", scope: "other" });
      assert.equal(await ask(sidecar.decision, "/once/a", poor), 403);
      assert.equal(await ask(sidecar.decision, "/once/a", poor), 403);
      const once = await issuer.sign({ sub: "alice", jti: "u1", scope: "pay" });
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => ask(sidecar.decision, "/once/a", once)),
      );
      assert.deepEqual(answers.filter((status) => status === 200).length, 1);
      assert.deepEqual(new Set(answers), new Set([200, 401]));
    });

    it("says in health and metrics how it stands to the feed", async () => {
      const health = await fetch(`http://${sidecar.addresses.admin}/healthz/ready`);
      const { revocation } = (await health.json()) as { revocation: { ready: boolean; connected: boolean } };
      assert.equal(revocation.ready, true);
      assert.equal(revocation.connected, true);
      const metrics = await (await fetch(`http://${sidecar.addresses.admin}/metrics`)).text();
      assert.match(metrics, /countersign_revocation_propagation_seconds_count\{transport="poll"\} [1-9]/);
      assert.match(metrics, /countersign_revocation_feed_connected 1/);
      assert.match(metrics, /countersign_revocation_applied_position [1-9]/);
    });

    it("refuses a reload with another store, which would forget what is revoked", async () => {
      const text = `listeners: { decision: "127.0.0.1:0", admin: "127.0.0.1:0" }
issuers: ${JSON.stringify([issuer.validatorOptions()])}
workers: ${workers}
revocation: {}
${ROUTES}`;
      const outcome = await sidecar.reload(() => parseConfiguration(text, { env: {}, baseDir: "/" }));
      assert.equal(outcome.result, "refused");
      const paths = outcome.result === "refused" ? outcome.problems.map((problem) => problem.path) : [];
      assert.deepEqual(paths, ["revocation", "replay", "api"]);
    });
  });
}
