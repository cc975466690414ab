import assert from "node:assert/strict";
import dns from "node:dns";
import { after, before, describe, it, mock } from "node:test";
import {
  AZURE_ALGORITHMS,
  type AzureKeyVaultBackendOptions,
  createAzureKeyVaultBackend,
} from "../../../src/backends/azure-key-vault/azure-key-vault-backend.ts";
import type { KeyBackend } from "../../../src/index.ts";
import { describeKeyBackend, takeLabel } from "../describe-key-backend.ts";
import { describeServiceFaults } from "../kit/describe-service-faults.ts";
import { expectFailure } from "../kit/expect-failure.ts";
import { issueToken, judgeToken } from "../kit/issue-token.ts";
import { type FakeKeyVault, refuseVault, startFakeKeyVault } from "../kit/start-fake-key-vault.ts";
import { answerJson, type FakeAnswer } from "../kit/start-fake-service.ts";

interface VaultPlace {
  readonly vault: FakeKeyVault;
  open(changes?: Partial<AzureKeyVaultBackendOptions>): Promise<KeyBackend>;
  stop(): Promise<void>;
}

type LookupCallback = (error: Error | null, address: unknown, family?: number) => void;

/** The client sends tokens to hosts of the vault's domain alone: the fake has such a name, which leads to this machine. */
async function startPlace(): Promise<VaultPlace> {
  const vault = await startFakeKeyVault();
  const lookup = dns.lookup as unknown as (host: string, options: object, callback: LookupCallback) => void;
  const mocked = mock.method(dns, "lookup", (host: string, options: object, callback: LookupCallback) => {
    if (host !== vault.host) return lookup(host, options, callback);
    const address = "127.0.0.1";
    if ("all" in options && options.all === true) callback(null, [{ address, family: 4 }]);
    else callback(null, address, 4);
  });
  const credential = {
    getToken: () => Promise.resolve({ token: vault.accessToken, expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  return {
    vault,
    open: (changes = {}) =>
      createAzureKeyVaultBackend({ vaultUrl: vault.vaultUrl, credential, ca: vault.certificate, ...changes }),
    async stop() {
      mocked.mock.restore();
      await vault.stop();
    },
  };
}

describeKeyBackend({
  name: "Azure Key Vault (a fake)",
  algorithms: AZURE_ALGORITHMS,
  missing: "Ed25519",
  start: async () => {
    const place = await startPlace();
    return { open: () => place.open(), stop: () => place.stop() };
  },
});

describeServiceFaults({
  name: "Azure Key Vault",
  algorithm: "ES256",
  start: async () => {
    const place = await startPlace();
    return {
      service: place.vault,
      secrets: [place.vault.accessToken],
      open: (limits) => place.open({ limits }),
      stop: () => place.stop(),
    };
  },
  signing: /\/sign\?/,
  creating: /\/create\?/,
  boundsAnswers: false,
  throttled: refuseVault(429, "Throttled"),
  broken: refuseVault(503, "ServiceUnavailable"),
  denied: refuseVault(403, "Forbidden"),
  unknownCaller: { answer: refuseVault(401, "Unauthorized"), kind: "misconfigured" },
});

describe("a key of Azure Key Vault", () => {
  let place: VaultPlace;
  let backend: KeyBackend;
  before(async () => {
    place = await startPlace();
    backend = await place.open();
  });
  after(async () => {
    await backend.close();
    await place.stop();
  });

  it("signs digests with its pinned version, also after somebody has rotated it there", async () => {
    const { reference, publicJwk } = await backend.generate({ label: takeLabel(), algorithm: "ES384" });
    const signer = await backend.open(reference);
    place.vault.rotate(`countersign-${reference.label}`);
    assert.equal((await judgeToken(await issueToken(signer), [publicJwk])).ok, true);
    const { target, body } = place.vault.requests.at(-1) ?? { target: "", body: "" };
    assert.ok(target.startsWith(`${new URL(reference.id).pathname}/sign?`));
    const { alg, value } = JSON.parse(body) as { readonly alg: string; readonly value: string };
    assert.deepEqual([alg, Buffer.from(value, "base64url").length], ["ES384", 48]);
    assert.equal((await backend.open(reference)).keyId, publicJwk.kid);
  });

  it("is made for signing alone, not to be exported, in an HSM where that is asked for", async () => {
    const hard = await place.open({ hsm: true, rsaBits: 3072 });
    const { publicJwk } = await hard.generate({ label: takeLabel(), algorithm: "PS256" });
    assert.equal(publicJwk.kty === "RSA" && Buffer.from(publicJwk.n, "base64url").length * 8, 3072);
    const created = place.vault.requests.findLast(
      ({ target, body }) => target.includes("/create?") && body !== "",
    );
    const parameters = JSON.parse(created?.body ?? "") as Record<string, unknown>;
    assert.equal(parameters["kty"], "RSA-HSM");
    assert.deepEqual(parameters["key_ops"], ["sign", "verify"]);
    assert.equal((parameters["attributes"] as Record<string, unknown>)["exportable"], false);
    await hard.close();
  });

  it("is refused where it is disabled, before and after it is open", async () => {
    const { reference } = await backend.generate({ label: takeLabel(), algorithm: "ES256" });
    const signer = await backend.open(reference);
    place.vault.disable(reference.id);
    await expectFailure(issueToken(signer), { kind: "refused" });
    await expectFailure(backend.open(reference), { kind: "refused", message: /disabled/ });
  });

  it("is not believed to have signed with another version", async () => {
    const { reference } = await backend.generate({ label: takeLabel(), algorithm: "ES256" });
    const signer = await backend.open(reference);
    const tamper = (answer: FakeAnswer): FakeAnswer =>
      answerJson(200, { ...(JSON.parse(String(answer.body)) as object), kid: `${reference.id}0` });
    place.vault.fail({ kind: "change", change: tamper }, { matches: /sign/ });
    await expectFailure(issueToken(signer), { kind: "unavailable", message: /version/ });
    place.vault.heal();
  });

  it("has no label that was one of a deleted key before", async () => {
    const { reference } = await backend.generate({ label: takeLabel(), algorithm: "ES256" });
    await backend.destroy(reference);
    await expectFailure(backend.generate({ label: reference.label, algorithm: "ES256" }), {
      kind: "refused",
    });
  });

  it("is asked of no vault but the one whose keys these are", async () => {
    const { reference } = await backend.generate({ label: takeLabel(), algorithm: "ES256" });
    const id = reference.id.replace("vault.", "another.");
    await expectFailure(backend.open({ ...reference, id }), { kind: "misconfigured" });
  });

  it("needs credentials, and a certificate that is trusted", async () => {
    const request = { label: takeLabel(), algorithm: "ES256" } as const;
    const secret = `secret-${crypto.randomUUID()}`;
    const fault = Object.assign(new Error(`denied for ${secret}`), { name: "CredentialUnavailableError" });
    const nobody = await place.open({ credential: { getToken: () => Promise.reject(fault) } });
    await expectFailure(nobody.generate(request), { kind: "misconfigured", secrets: [secret] });
    await expectFailure(createAzureKeyVaultBackend({ vaultUrl: place.vault.vaultUrl }), {
      kind: "misconfigured",
      message: /npm install @azure\/identity/,
    });
    const stranger = await createAzureKeyVaultBackend({
      vaultUrl: place.vault.vaultUrl,
      credential: { getToken: () => Promise.resolve(null) },
    });
    await expectFailure(stranger.generate(request), { kind: "misconfigured", message: /SELF_SIGNED_CERT/ });
  });
});
