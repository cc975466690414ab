import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import type { TestIssuer } from "countersign/testing";
import { createTestIssuer } from "countersign/testing";
import { askDecision } from "../kit/ask-decision.ts";
import { callApi } from "../kit/call-api.ts";
import { type Sidecar, startSidecar } from "../kit/start-sidecar.ts";
import { waitFor } from "../kit/wait-for.ts";

interface ToldKey {
  readonly keyId: string;
  readonly algorithm: string;
  readonly state: string;
  readonly isPublished: boolean;
  readonly lastUsedAtMs: number | null;
}

interface ToldKeys {
  readonly instance: string;
  readonly clockMs: number;
  readonly processes: { readonly judging: number; readonly answered: number };
  readonly issuers: readonly {
    readonly name: string;
    readonly source: string;
    readonly keySetHash: string;
    readonly processesUpToDate: number;
    readonly fetchedAtMs: number | null;
    readonly clockSkewSeconds: number | null;
    readonly keys: readonly ToldKey[];
  }[];
}

interface Told {
  readonly idp: TestIssuer;
  readonly sidecar: Sidecar;
  readonly token: string;
  call(target: string, body?: unknown): ReturnType<typeof callApi>;
  read(): Promise<ToldKeys>;
  find(kid: string): Promise<ToldKey | undefined>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The issuer's keys are looked at every second. */
async function startTelling(workers: number): Promise<Told> {
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-keys-"));
  const idp = await createTestIssuer({ serve: true, algorithms: ["ES256"] });
  const tokenFile = path.join(folder, "api.token");
  const options = idp.validatorOptions();
  const keys = {
    ...options.keys,
    cooldownSeconds: 1,
    minRefreshSeconds: 1,
    maxRefreshSeconds: 1,
    removalGraceSeconds: 1,
  };
  const sidecar = await startSidecar({
    issuers: [{ ...options, name: "main", keys }],
    rest: `workers: ${workers}\nrevocation: { instance: teller }\napi: { tokenFile: "${tokenFile}" }\nroutes: [{ path: "/**", allow: authenticated }]`,
    listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
  });
  await sidecar.validator.ready();
  const token = (await readFile(tokenFile, "utf8")).trim();
  const { admin } = sidecar.addresses;
  const call: Told["call"] = (target, body) =>
    callApi({ admin, token }, target, body === undefined ? {} : { body });
  const read = async (): Promise<ToldKeys> => {
    const { status, text } = await call("/keys");
    assert.equal(status, 200, text);
    return JSON.parse(text) as ToldKeys;
  };
  return {
    idp,
    sidecar,
    token,
    call,
    read,
    find: async (kid) => (await read()).issuers[0]?.keys.find(({ keyId }) => keyId === kid),
    async [Symbol.asyncDispose]() {
      await sidecar.close();
      await idp.close();
      await rm(folder, { recursive: true });
    },
  };
}

for (const workers of [1, 2]) {
  describe(`the keys of an instance with ${workers} processes that judge`, () => {
    it("are told to scrapers as the API tells them, by the same hash, in either form of the metrics", async () => {
      await using told = await startTelling(workers);
      const scrape = async (
        accept: string,
      ): Promise<{ readonly type: string | null; readonly text: string }> => {
        const response = await fetch(`http://${told.sidecar.addresses.admin}/metrics`, {
          headers: { accept },
        });
        return { type: response.headers.get("content-type"), text: await response.text() };
      };
      const { keySetHash: before, keys } = (await told.read()).issuers[0] ?? assert.fail();
      const plain = await scrape("text/plain");
      assert.equal(plain.type, "text/plain; version=0.0.4; charset=utf-8");
      assert.ok(plain.text.includes(`countersign_jwks_set_info{issuer="main",set_hash="${before}"} 1\n`));
      assert.ok(
        plain.text.includes(
          `countersign_jwks_key_info{issuer="main",kid="${keys[0]?.keyId}",alg="${keys[0]?.algorithm}"} 1\n`,
        ),
      );
      await told.idp.rotate("ES256");
      await waitFor(async () => ((await told.read()).issuers[0]?.keySetHash ?? before) !== before);
      const { keySetHash: after } = (await told.read()).issuers[0] ?? assert.fail();
      const open = await scrape("application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
      assert.equal(open.type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
      assert.ok(open.text.includes(`set_hash="${after}"} 1\n`));
      assert.ok(!open.text.includes(before));
      assert.ok(open.text.endsWith("\n# EOF\n"));
    });

    it("are told with their state, and when each last verified a token", async () => {
      await using told = await startTelling(workers);
      const { idp, sidecar, read, find } = told;
      const first = idp.key().keyId;
      await waitFor(async () => (await read()).issuers[0]?.processesUpToDate === workers);
      const before = await read();
      assert.equal(before.instance, "teller");
      assert.deepEqual(before.processes, { judging: workers, answered: workers });
      const [issuer] = before.issuers;
      assert.equal(issuer?.name, "main");
      assert.equal(issuer?.source, "fetched");
      assert.match(issuer?.keySetHash ?? "", /^[\w-]{43}$/);
      assert.ok(Math.abs((issuer?.fetchedAtMs ?? 0) - Date.now()) < 30_000);
      assert.deepEqual(issuer?.keys, [
        {
          keyId: first,
          algorithm: "ES256",
          keyType: "EC",
          state: "current",
          isPublished: true,
          lastUsedAtMs: null,
        },
      ]);
      const askedMs = Date.now();
      const good = await idp.sign();
      assert.equal(await askDecision({ address: sidecar.decision, token: good }), 200);
      const usedMs = (await find(first))?.lastUsedAtMs ?? 0;
      assert.ok(usedMs >= askedMs && usedMs <= Date.now());
      assert.equal(await askDecision({ address: sidecar.decision, token: await idp.sign({ exp: 1 }) }), 401);
      assert.equal((await find(first))?.lastUsedAtMs, usedMs, "what is refused is no use");
      const metrics = await (await fetch(`http://${sidecar.addresses.admin}/metrics`)).text();
      assert.ok(
        metrics.includes(
          `countersign_key_last_used_timestamp_seconds{issuer="main",kid="${first}"} ${usedMs / 1000}`,
        ),
      );
    });

    it("change with the key set, and a kid that was used stays known", async () => {
      await using told = await startTelling(workers);
      const { idp, sidecar, read, find } = told;
      const first = idp.key().keyId;
      assert.equal(await askDecision({ address: sidecar.decision, token: await idp.sign() }), 200);
      const { keySetHash } = (await read()).issuers[0] ?? {};
      const second = await idp.rotate("ES256");
      assert.equal(await askDecision({ address: sidecar.decision, token: await idp.sign() }), 200);
      await waitFor(async () => (await find(second))?.state === "current");
      assert.notEqual((await read()).issuers[0]?.keySetHash, keySetHash);
      assert.equal((await find(first))?.state, "current");
      idp.removeKey(first);
      await waitFor(async () => (await find(first))?.state === "gone");
      assert.equal((await find(first))?.isPublished, false);
      assert.notEqual((await find(first))?.lastUsedAtMs, null);
    });

    it("stay refused once revoked, remembered tokens too, whatever a key set brings back", async () => {
      await using told = await startTelling(workers);
      const { idp, sidecar, call, find, read } = told;
      const leaked = idp.key().keyId;
      const token = await idp.sign();
      const ask = (): Promise<number> => askDecision({ address: sidecar.decision, token });
      for (let count = 0; count < 2 * workers; count += 1) assert.equal(await ask(), 200);
      const { status, json } = await call("/revocations", {
        target: { kind: "key", issuer: "main", value: leaked },
        reason: "leaked",
      });
      assert.equal(status, 201);
      await waitFor(async () => {
        const { instances } = (await call("/instances")).json as { instances: { position: number }[] };
        return (instances[0]?.position ?? 0) >= Number(json["position"]);
      });
      for (let count = 0; count < 4 * workers; count += 1) assert.equal(await ask(), 401);
      assert.deepEqual([(await find(leaked))?.state, (await find(leaked))?.isPublished], ["revoked", true]);
      const lastMs = (await find(leaked))?.lastUsedAtMs;
      const stale = idp.jwks();
      await idp.rotate("ES256", { keepOld: false });
      await waitFor(async () => (await find(leaked))?.isPublished === false);
      // A cache or an operator brings it back.
      idp.server?.documents.set("/jwks", stale);
      await waitFor(async () => (await find(leaked))?.isPublished === true);
      assert.equal((await find(leaked))?.state, "revoked");
      assert.equal(await ask(), 401);
      assert.equal((await find(leaked))?.lastUsedAtMs, lastMs);
      assert.equal((await read()).processes.answered, workers);
    });

    it("are tried by a canary that uses nothing up", async () => {
      await using told = await startTelling(workers);
      const { idp, call } = told;
      const canary = await idp.sign({ sub: "canary" });
      const { status, json } = await call("/verify-canary", { token: canary });
      assert.equal(status, 200);
      const verdict = { reason: "ok", keyId: idp.key().keyId };
      assert.deepEqual(
        json["verdicts"],
        Array.from({ length: workers }, () => verdict),
      );
      assert.deepEqual(json["processes"], { judging: workers, answered: workers });
      const bad = await call("/verify-canary", { token: await idp.sign({ exp: 1 }) });
      assert.deepEqual(
        (bad.json["verdicts"] as { reason: string }[]).map(({ reason }) => reason),
        Array.from({ length: workers }, () => "token_expired"),
      );
      assert.equal((await call("/verify-canary", { token: "" })).status, 400);
      assert.equal((await call("/verify-canary", { token: "x".repeat(65_537) })).status, 400);
    });
  });
}

describe("questions about keys", () => {
  it("are answered to operators alone, and about the issuer that was named", async () => {
    await using told = await startTelling(1);
    const { admin } = told.sidecar.addresses;
    for (const target of ["/keys", "/verify-canary"]) {
      const body = target === "/keys" ? {} : { body: { token: "x" } };
      assert.equal((await callApi({ admin, token: "other" }, target, body)).status, 401);
    }
    const known = (await told.call(`/keys?issuer=${encodeURIComponent(told.idp.issuer)}`)).json;
    assert.equal((known["issuers"] as unknown[]).length, 1);
    assert.deepEqual((await told.call("/keys?issuer=other")).json["issuers"], []);
    assert.equal((await told.call("/keys?kid=x")).status, 400);
  });
});
