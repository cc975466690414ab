import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { ConfigurationError } from "countersign";
import { createTestIssuer, type TestIssuer } from "countersign/testing";
import { openTokenFile } from "../../src/admin/api/token-file.ts";
import { callApi } from "../kit/call-api.ts";
import { type Sidecar, startSidecar } from "../kit/start-sidecar.ts";

const SECRET = "a-secret-of-a-client";

describe("the API of the admin listener", () => {
  let folder: string;
  let issuer: TestIssuer;
  let sidecar: Sidecar;
  let token: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "countersign-api-"));
    issuer = await createTestIssuer();
    const tokenFile = path.join(folder, "api.token");
    const clients = `[{ id: shop, secret: "${SECRET}" }]`;
    sidecar = await startSidecar({
      issuers: [issuer.validatorOptions()],
      rest: `revocation: {}\napi: { tokenFile: "${tokenFile}", scope: "countersign:admin", clients: ${clients} }\nroutes: [{ path: "/**", allow: authenticated }]`,
      listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
    });
    token = (await readFile(tokenFile, "utf8")).trim();
  });
  after(async () => {
    await sidecar.close();
    await rm(folder, { recursive: true });
  });

  const call = (target: string, init?: Parameters<typeof callApi>[2], as = token) =>
    callApi({ admin: sidecar.addresses.admin, token: as }, target, init);

  const postForm = (body: Record<string, string>, headers: Record<string, string> = {}) =>
    callApi({ admin: sidecar.addresses.admin, token: "" }, "/oauth/revoke", {
      method: "POST",
      body: new URLSearchParams(body).toString(),
      headers: { authorization: "", "content-type": "application/x-www-form-urlencoded", ...headers },
    });

  it("is closed to everybody without a token of its own, on loopback too", async () => {
    for (const target of ["/revocations", "/instances", "/revocations/export"]) {
      const { status, headers } = await call(target, {}, "another-token");
      assert.equal(status, 401, target);
      assert.equal(headers.get("www-authenticate"), 'Bearer realm="countersign"');
    }
    assert.equal((await call("/revocations", { headers: { authorization: "" } })).status, 401);
    assert.equal((await call("/nothing")).status, 404);
    assert.equal((await call("/instances", { method: "DELETE" })).status, 405);
  });

  it("is open to a token of an issuer with the scope of operators, and to no other", async () => {
    const operator = await issuer.sign({ sub: "ops", scope: "countersign:admin" });
    assert.equal((await call("/instances", {}, operator)).status, 200);
    const body = {
      target: { kind: "subject", issuer: issuer.issuer, value: "x" },
      reason: "why",
      id: "by-ops",
    };
    assert.equal((await call("/revocations", { body }, operator)).status, 201);
    const { entries } = (await call("/revocations?id=by-ops")).json as {
      entries: { revocation: { actor: string } }[];
    };
    assert.match(entries[0]?.revocation.actor ?? "", /^ops of /);
    const reader = await issuer.sign({ sub: "ops", scope: "orders:read" });
    assert.equal((await call("/instances", {}, reader)).status, 403);
  });

  it("takes the same revocation twice, and no other under its id", async () => {
    const body = {
      id: "twice",
      target: { kind: "session", issuer: issuer.issuer, value: "s", issuedBeforeSeconds: 5 },
      reason: "why",
      expiresAtMs: Date.now() + 60_000,
    };
    assert.equal((await call("/revocations", { body })).status, 201);
    assert.equal((await call("/revocations", { body })).status, 200);
    const other = await call("/revocations", { body: { ...body, status: "suspended" } });
    assert.deepEqual([other.status, other.json["code"]], [409, "id_conflict"]);
  });

  it("says which member is wrong without quoting it", async () => {
    const bad = [
      { reason: "x" },
      { target: { kind: "user", issuer: "i", value: "secret-value" }, reason: "x" },
      { target: { kind: "subject", issuer: "i", value: "secret-value" } },
      { target: { kind: "token", issuer: "i", value: "secret-value", issuedBeforeSeconds: 1 }, reason: "x" },
      { target: { kind: "subject", issuer: "i", value: "secret-value" }, reason: "x", unknown: 1 },
    ];
    for (const body of bad) {
      const reply = await call("/revocations", { body });
      assert.equal(reply.status, 400, reply.text);
      assert.ok(!reply.text.includes("secret-value"), reply.text);
    }
    assert.equal((await call("/revocations", { body: "{" })).status, 400);
    assert.equal(
      (await call("/revocations", { body: "x", headers: { "content-type": "text/plain" } })).status,
      415,
    );
    assert.equal((await call("/revocations?limit=1001")).status, 400);
    assert.equal((await call("/revocations?limit=1&limit=2")).status, 400);
    const large = await call("/revocations", { body: " ".repeat(1_048_577) }).catch(() => ({ status: 413 }));
    assert.equal(large.status, 413);
  });

  it("gives pages that hold everything once, and exports what is in force", async () => {
    for (let index = 0; index < 5; index++) {
      const target = { kind: "client", issuer: "https://pages.example/", value: `c${index}` };
      await call("/revocations", { body: { target, reason: "page", id: `page-${index}` } });
    }
    const seen: string[] = [];
    let before = "";
    do {
      const { json } = await call(`/revocations?issuer=https://pages.example/&limit=2${before}`);
      const { entries, next } = json as { entries: { revocation: { id: string } }[]; next: number | null };
      seen.push(...entries.map(({ revocation }) => revocation.id));
      before = next === null ? "" : `&before=${next}`;
    } while (before !== "");
    assert.deepEqual(seen, ["page-4", "page-3", "page-2", "page-1", "page-0"]);
    const exported = await call("/revocations/export?limit=2");
    assert.match(exported.headers.get("link") ?? "", /rel="next"/);
  });

  it("lets a client revoke its own tokens and nobody else's (RFC 7009)", async () => {
    const basic = { authorization: `Basic ${Buffer.from(`shop:${SECRET}`).toString("base64")}` };
    const own = await issuer.sign({ sub: "alice", jti: "own", client_id: "shop" });
    assert.equal((await postForm({ token: own })).status, 401);
    const wrong = await postForm({ token: own, client_id: "shop", client_secret: "another" });
    assert.deepEqual([wrong.status, wrong.json["error"]], [401, "invalid_client"]);
    assert.equal((await sidecar.validator.validate(own)).ok, true);
    assert.equal((await postForm({ token: own }, basic)).status, 200);
    assert.equal((await postForm({ token: own }, basic)).status, 200);
    const verdict = await sidecar.validator.validate(own);
    assert.equal(verdict.ok ? "ok" : verdict.reason, "token_revoked");
    assert.equal(
      (await postForm({ token: "nonsense", client_id: "shop", client_secret: SECRET })).status,
      200,
    );
    const foreign = await issuer.sign({ sub: "alice", jti: "foreign", client_id: "other" });
    const refused = await postForm({ token: foreign }, basic);
    assert.deepEqual([refused.status, refused.json["error"]], [400, "unauthorized_client"]);
    assert.equal((await sidecar.validator.validate(foreign)).ok, true);
  });

  it("lets nobody guess for long, and no operator wait for who guesses", async () => {
    const statuses = [];
    for (let tries = 0; tries < 60; tries++) statuses.push((await call("/instances", {}, "guess")).status);
    assert.ok(statuses.includes(429));
    assert.equal((await call("/instances")).status, 200);
    const basic = { authorization: `Basic ${Buffer.from(`shop:${SECRET}`).toString("base64")}` };
    assert.equal((await postForm({ token: "x" }, basic)).status, 429);
  });
});

describe("the file of the operators' token", () => {
  it("is made once for its owner alone, and refused where others may read it", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-token-"));
    try {
      const file = path.join(folder, "api.token");
      const made = await openTokenFile(file);
      assert.equal(await openTokenFile(file), made);
      await chmod(file, 0o640);
      await assert.rejects(openTokenFile(file), ConfigurationError);
      await assert.rejects(openTokenFile(path.join(folder, "none", "api.token")), ConfigurationError);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
