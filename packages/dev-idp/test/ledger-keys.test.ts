import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import {
  createBackend,
  FileKeyStore,
  type KeyBackend,
  KeyManager,
  MemoryKeyStore,
  promoteKey,
  publishKey,
  type RotationTiming,
  revokeKey,
  startKeys,
} from "@countersign/signing-keys";
import { createRemoteJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { type DevIdp, startDevIdp } from "../src/index.ts";
import { post } from "./ask.ts";
import { signInAs } from "./sign-in.ts";

const TIMING: Partial<RotationTiming> = {
  publishSeconds: 0,
  sharedCacheSeconds: 0,
  clientCacheSeconds: 1,
  staleSeconds: 0,
  switchSeconds: 5,
  tokenLifetimeSeconds: 60,
  leewaySeconds: 0,
  clockErrorSeconds: 0,
};

/** A port that is free now; a ledger is of one issuer, so it has to be known before. */
async function findPort(): Promise<number> {
  const probe = await startDevIdp({ log: () => {} });
  await probe.close();
  return Number(new URL(probe.issuer).port);
}

async function listKids(idp: DevIdp): Promise<(string | undefined)[]> {
  const { keys } = (await (await fetch(idp.jwksUri)).json()) as JSONWebKeySet;
  for (const key of keys) assert.equal(key.d, undefined);
  return keys.map(({ kid }) => kid);
}

describe("keys of a ledger", () => {
  let folder: string;
  let backend: KeyBackend;
  let manager: KeyManager;
  let idp: DevIdp;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "countersign-dev-idp-"));
    process.env["DEV_IDP_TEST_PASSPHRASE"] = "a passphrase of more than sixteen";
    const directory = path.join(folder, "keys");
    const passphrase = { env: "DEV_IDP_TEST_PASSPHRASE" };
    backend = await createBackend({ backend: "file", directory, passphrase, scryptCost: 32_768 });
    const store = new FileKeyStore(path.join(folder, "ledger"));
    manager = new KeyManager({ store, backends: [backend], actor: "test" });
    const port = await findPort();
    await startKeys(manager, { issuer: `http://127.0.0.1:${port}`, timing: TIMING });
    idp = await startDevIdp({
      log: () => {},
      port,
      accessTokenTtlSeconds: 60,
      keys: { store, backends: [backend], intervalMs: 10_000 },
    });
  });
  after(async () => {
    await idp.close();
    await backend.close();
    await rm(folder, { recursive: true });
  });

  const readNext = async (): Promise<string> => {
    const { keys } = await manager.read();
    const next = keys.find(({ state }) => state === "next");
    assert.ok(next);
    return next.keyId;
  };

  it("are published and sign, ID tokens too, and nothing else is", async () => {
    const { keys } = await manager.read();
    assert.deepEqual((await listKids(idp)).toSorted(), keys.map(({ keyId }) => keyId).toSorted());
    const { access_token: access, id_token: identity = "" } = await signInAs(idp, "user-ada");
    const active = keys.find(({ state }) => state === "active")?.keyId;
    const remote = createRemoteJWKSet(new URL(idp.jwksUri));
    for (const token of [access, identity]) {
      const { protectedHeader } = await jwtVerify(token, remote, { issuer: idp.issuer });
      assert.equal(protectedHeader.kid, active);
      assert.equal(protectedHeader.alg, "ES256");
    }
    assert.equal((await fetch(idp.jwksUri)).headers.get("cache-control"), "public, max-age=1");
    await assert.rejects(idp.publishKey(), /countersign keys rotate/);
  });

  it("change while the provider runs, and what they signed before stays good", async () => {
    const before = await idp.mint();
    const next = await readNext();
    await manager.apply((ledger, context) =>
      promoteKey(ledger, { ...context, keyId: next, isEmergency: true, reason: "test" }),
    );
    await idp.refreshKeys();
    const token = await idp.mint();
    assert.equal(decodeProtectedHeader(token).kid, next);
    const remote = createRemoteJWKSet(new URL(idp.jwksUri));
    for (const each of [before, token]) await jwtVerify(each, remote);
  });

  it("change under requests without one that fails", async () => {
    const asker = { clientId: idp.clientId, secret: idp.clientSecret };
    const { keyId: made } = await manager.generate();
    await manager.apply((ledger, context) => publishKey(ledger, { ...context, keyId: made }));
    await idp.refreshKeys();
    const kids = new Set<string | undefined>();
    let isDone = false;
    const askUntilDone = async (): Promise<void> => {
      while (!isDone) {
        const { status, body } = await post(idp.tokenEndpoint, { grant_type: "client_credentials" }, asker);
        assert.equal(status, 200, JSON.stringify(body));
        kids.add(decodeProtectedHeader(String(body["access_token"])).kid);
      }
    };
    const change = async (): Promise<void> => {
      await idp.mint();
      await manager.apply((ledger, context) =>
        promoteKey(ledger, { ...context, keyId: made, isEmergency: true, reason: "test" }),
      );
      await idp.refreshKeys();
      isDone = true;
    };
    await Promise.all([change(), ...Array.from({ length: 8 }, askUntilDone)]);
    kids.add(decodeProtectedHeader(await idp.mint()).kid);
    assert.ok(kids.has(made));
  });

  it("are gone from the JWKS at once when they are revoked", async () => {
    const { keyId: made } = await manager.generate();
    await manager.apply((ledger, context) => publishKey(ledger, { ...context, keyId: made }));
    await idp.refreshKeys();
    const token = await idp.mint();
    const leaked = decodeProtectedHeader(token).kid ?? "";
    const asker = { clientId: idp.clientId, secret: idp.clientSecret };
    const introspect = async () => (await post(idp.introspectionEndpoint, { token }, asker)).body["active"];
    assert.equal(await introspect(), true);
    await manager.apply((ledger, context) =>
      revokeKey(ledger, { ...context, keyId: leaked, isEmergency: true, reason: "leaked" }),
    );
    await idp.refreshKeys();
    assert.ok(!(await listKids(idp)).includes(leaked));
    assert.equal(decodeProtectedHeader(await idp.mint()).kid, made);
    assert.equal(await introspect(), false, "what it signed is worth nothing here either");
  });

  it("that are swapped in the back end are noticed before they sign", async () => {
    const { keys } = await manager.read();
    const [first, second] = keys;
    assert.ok(first && second);
    const swapped: KeyBackend = {
      ...backend,
      name: backend.name,
      open: ({ id }) => backend.open(id === first.reference.id ? second.reference : first.reference),
    };
    const issuer = new URL(idp.issuer);
    await idp.close();
    const starting = startDevIdp({
      log: () => {},
      port: Number(issuer.port),
      accessTokenTtlSeconds: 60,
      keys: { store: new FileKeyStore(path.join(folder, "ledger")), backends: [swapped] },
    });
    await assert.rejects(starting, /found another in its place/);
  });
});

describe("keys of a ledger that is of no use", () => {
  it("keep the provider from starting, and leave nothing behind", async () => {
    const store = new MemoryKeyStore();
    const keys = { store, backends: [] };
    const port = await findPort();
    await assert.rejects(startDevIdp({ log: () => {}, port, keys }), /keys init/);
    process.env["DEV_IDP_TEST_PASSPHRASE"] = "a passphrase of more than sixteen";
    const directory = await mkdtemp(path.join(tmpdir(), "countersign-dev-idp-"));
    const passphrase = { env: "DEV_IDP_TEST_PASSPHRASE" };
    const backend = await createBackend({ backend: "file", directory, passphrase, scryptCost: 32_768 });
    try {
      const manager = new KeyManager({ store, backends: [backend], actor: "test" });
      await startKeys(manager, { issuer: "https://idp.example.com", timing: TIMING });
      await assert.rejects(startDevIdp({ log: () => {}, port, keys }), /expected a ledger of the issuer/);
      const own = new MemoryKeyStore();
      const issuer = `http://127.0.0.1:${port}`;
      await startKeys(new KeyManager({ store: own, backends: [backend], actor: "test" }), {
        issuer,
        timing: TIMING,
      });
      await assert.rejects(
        startDevIdp({ log: () => {}, port, keys: { store: own, backends: [] } }),
        /"file" is not set up/,
      );
      const long = startDevIdp({ log: () => {}, port, keys: { store: own, backends: [backend] } });
      await assert.rejects(long, /accessTokenTtlSeconds: expected at most 60/);
      const idp = await startDevIdp({
        log: () => {},
        port,
        accessTokenTtlSeconds: 60,
        keys: { store: own, backends: [backend] },
      });
      await idp.close();
    } finally {
      await backend.close();
      await rm(directory, { recursive: true });
    }
  });
});
