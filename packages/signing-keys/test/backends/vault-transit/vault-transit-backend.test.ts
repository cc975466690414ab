import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import {
  createVaultTransitBackend,
  VAULT_ALGORITHMS,
  type VaultTransitBackendOptions,
} from "../../../src/backends/vault-transit/vault-transit-backend.ts";
import type { KeyBackend } from "../../../src/index.ts";
import { describeKeyBackend, takeLabel } from "../describe-key-backend.ts";
import { describeServiceFaults } from "../kit/describe-service-faults.ts";
import { expectFailure } from "../kit/expect-failure.ts";
import { issueToken, judgeToken } from "../kit/issue-token.ts";
import { answerJson } from "../kit/start-fake-service.ts";
import { type FakeVault, startFakeVault } from "../kit/start-fake-vault.ts";

interface VaultPlace {
  readonly vault: FakeVault;
  readonly tokenFile: string;
  open(changes?: Partial<VaultTransitBackendOptions>): KeyBackend;
  stop(): Promise<void>;
}

async function startPlace(mount?: string): Promise<VaultPlace> {
  const vault = await startFakeVault(mount);
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-vault-"));
  const tokenFile = path.join(folder, "token");
  await writeFile(tokenFile, vault.token, { mode: 0o600 });
  return {
    vault,
    tokenFile,
    open: (changes = {}) =>
      createVaultTransitBackend({ address: `${vault.url}/`, token: { file: tokenFile }, ...changes }),
    async stop() {
      await vault.stop();
      await rm(folder, { recursive: true });
    },
  };
}

describeKeyBackend({
  name: "Vault's transit engine (a fake)",
  algorithms: VAULT_ALGORITHMS,
  missing: "Ed448",
  start: async () => {
    const place = await startPlace();
    return { open: () => Promise.resolve(place.open()), stop: () => place.stop() };
  },
});

const denied = answerJson(403, { errors: ["permission denied"] });

describeServiceFaults({
  name: "Vault's transit engine",
  algorithm: "ES256",
  start: async () => {
    const place = await startPlace();
    return {
      service: place.vault,
      secrets: [place.vault.token],
      open: (limits) => Promise.resolve(place.open({ limits })),
      stop: () => place.stop(),
    };
  },
  signing: /\/sign\//,
  creating: /^POST \/v1\/transit\/keys\/[^/]+ $/,
  boundsAnswers: true,
  throttled: answerJson(429, { errors: ["request path is rate limited"] }),
  broken: answerJson(503, { errors: ["Vault is sealed"] }),
  denied,
  unknownCaller: { answer: denied, kind: "refused" },
});

describe("a key of Vault's transit engine", () => {
  let place: VaultPlace;
  let backend: KeyBackend;
  before(async () => {
    place = await startPlace("team/transit");
    backend = place.open({ mount: "team/transit", namespace: "team-a" });
  });
  after(async () => {
    await backend.close();
    await place.stop();
  });
  const lastBody = (): Record<string, unknown> =>
    JSON.parse(place.vault.requests.at(-1)?.body ?? "") as Record<string, unknown>;

  it("signs with its pinned version, also after somebody has rotated it there", async () => {
    const { reference, publicJwk } = await backend.generate({ label: takeLabel(), algorithm: "ES256" });
    assert.equal(reference.id, `countersign-${reference.label}/1`);
    const signer = await backend.open(reference);
    place.vault.rotate(`countersign-${reference.label}`);
    assert.equal((await judgeToken(await issueToken(signer), [publicJwk])).ok, true);
    assert.equal(lastBody()["key_version"], 1);
    assert.equal((await backend.open(reference)).keyId, publicJwk.kid);
    place.vault.change(`countersign-${reference.label}`, { minEncryptionVersion: 2 });
    await expectFailure(issueToken(signer), { kind: "refused" });
  });

  it("sees digests, and whole messages only where there is no other way", async () => {
    for (const [algorithm, expected] of [
      ["ES256", { prehashed: true, hash_algorithm: "sha2-256", marshaling_algorithm: "jws" }],
      ["RS384", { prehashed: true, hash_algorithm: "sha2-384", signature_algorithm: "pkcs1v15" }],
      [
        "PS512",
        { prehashed: true, hash_algorithm: "sha2-512", signature_algorithm: "pss", salt_length: "hash" },
      ],
      ["Ed25519", { prehashed: false }],
    ] as const) {
      const { reference } = await backend.generate({ label: takeLabel(), algorithm });
      const signer = await backend.open(reference);
      await signer.sign(Buffer.from("the signing input"));
      const body = lastBody();
      for (const [name, value] of Object.entries(expected)) assert.equal(body[name], value, algorithm);
      const input = Buffer.from(String(body["input"]), "base64");
      assert.equal(input.toString() === "the signing input", algorithm === "Ed25519");
    }
  });

  it("is asked for with the token, the namespace and the header against forged requests", async () => {
    await backend.generate({ label: takeLabel(), algorithm: "Ed25519" });
    const { headers } = place.vault.requests.at(-1) ?? {};
    assert.equal(headers?.["x-vault-token"], place.vault.token);
    assert.equal(headers?.["x-vault-namespace"], "team-a");
    assert.equal(headers?.["x-vault-request"], "true");
  });

  it("is asked for with a token that an agent has replaced meanwhile", async () => {
    const { reference } = await backend.generate({ label: takeLabel(), algorithm: "Ed25519" });
    const signer = await backend.open(reference);
    await writeFile(place.tokenFile, "hvs.expired");
    await expectFailure(issueToken(signer), { kind: "refused", secrets: ["hvs.expired", place.vault.token] });
    await writeFile(place.tokenFile, "hvs.two\nlines");
    await expectFailure(issueToken(signer), { kind: "misconfigured", secrets: ["hvs.two"] });
    await writeFile(place.tokenFile, `${place.vault.token}\n`);
    await issueToken(signer);
  });

  it("is refused where it could leave Vault", async () => {
    const { reference } = await backend.generate({ label: takeLabel(), algorithm: "ES256" });
    place.vault.change(`countersign-${reference.label}`, { exportable: true });
    await expectFailure(backend.open(reference), { kind: "refused", message: /can leave Vault/ });
  });

  it("is not taken for new where another caller made it at the same time", async () => {
    const label = takeLabel();
    await backend.generate({ label, algorithm: "ES256" });
    place.vault.fail(
      { kind: "answer", answer: answerJson(404, { errors: [] }) },
      { matches: /^GET/, times: 1 },
    );
    await expectFailure(backend.generate({ label, algorithm: "ES256" }), {
      kind: "refused",
      message: /exists/,
    });
    place.vault.heal();
  });

  it("is not believed to have signed with another version than was asked for", async () => {
    const { reference } = await backend.generate({ label: takeLabel(), algorithm: "ES256" });
    const signer = await backend.open(reference);
    for (const signature of ["vault:v2:AAAA", "AAAA", "vault:v1:", "vault:v1:AAA=", "vault:v1:AAAA"]) {
      const answer = answerJson(200, { data: { signature, key_version: 1 } });
      place.vault.fail({ kind: "answer", answer }, { matches: /sign/ });
      await expectFailure(issueToken(signer), { kind: "unavailable" });
      place.vault.heal();
    }
  });
});
