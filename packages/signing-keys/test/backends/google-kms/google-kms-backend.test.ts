import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { computeCrc32c } from "../../../src/backends/google-kms/crc32c.ts";
import { GOOGLE_ALGORITHMS } from "../../../src/backends/google-kms/google-algorithms.ts";
import {
  createGoogleKmsBackend,
  type GoogleKmsBackendOptions,
} from "../../../src/backends/google-kms/google-kms-backend.ts";
import type { KeyBackend } from "../../../src/index.ts";
import { describeKeyBackend, takeLabel } from "../describe-key-backend.ts";
import { describeServiceFaults } from "../kit/describe-service-faults.ts";
import { expectFailure } from "../kit/expect-failure.ts";
import { issueToken } from "../kit/issue-token.ts";
import { type FakeGoogleKms, startFakeGoogleKms } from "../kit/start-fake-google-kms.ts";
import { answerJson, type FakeAnswer } from "../kit/start-fake-service.ts";

interface GooglePlace {
  readonly kms: FakeGoogleKms;
  readonly subjectFile: string;
  open(changes?: Partial<GoogleKmsBackendOptions>): Promise<KeyBackend>;
  stop(): Promise<void>;
}

/** Credentials as a workload outside of Google has them: a token of its own platform in a file, exchanged for one of Google's. */
async function startPlace(): Promise<GooglePlace> {
  const kms = await startFakeGoogleKms();
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-google-"));
  const subjectFile = path.join(folder, "subject");
  const credentialsFile = path.join(folder, "credentials.json");
  await writeFile(subjectFile, kms.subjectToken);
  await writeFile(
    credentialsFile,
    JSON.stringify({
      type: "external_account",
      audience:
        "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_url: `${kms.url}/sts`,
      credential_source: { file: subjectFile },
    }),
  );
  return {
    kms,
    subjectFile,
    open: (changes = {}) =>
      createGoogleKmsBackend({ keyRing: kms.keyRing, endpoint: kms.url, credentialsFile, ...changes }),
    async stop() {
      await kms.stop();
      await rm(folder, { recursive: true });
    },
  };
}

describeKeyBackend({
  name: "Google Cloud KMS (a fake)",
  algorithms: GOOGLE_ALGORITHMS,
  missing: "ES512",
  start: async () => {
    const place = await startPlace();
    return { open: () => place.open(), stop: () => place.stop() };
  },
});

function refusal(code: number, status: string): FakeAnswer {
  return answerJson(code, { error: { code, status, message: status } });
}

describeServiceFaults({
  name: "Google Cloud KMS",
  algorithm: "ES256",
  start: async () => {
    const place = await startPlace();
    return {
      service: place.kms,
      secrets: [place.kms.accessToken, place.kms.subjectToken],
      open: (limits) => place.open({ limits }),
      stop: () => place.stop(),
    };
  },
  signing: /:asymmetricSign/,
  creating: /cryptoKeys\?/,
  boundsAnswers: true,
  throttled: refusal(429, "RESOURCE_EXHAUSTED"),
  broken: refusal(503, "UNAVAILABLE"),
  denied: refusal(403, "PERMISSION_DENIED"),
  unknownCaller: { answer: refusal(401, "UNAUTHENTICATED"), kind: "misconfigured" },
});

describe("a key of Google Cloud KMS", () => {
  let place: GooglePlace;
  let backend: KeyBackend;
  before(async () => {
    place = await startPlace();
    backend = await place.open();
  });
  after(async () => {
    await backend.close();
    await place.stop();
  });
  const lastBody = (): Record<string, unknown> =>
    JSON.parse(place.kms.requests.at(-1)?.body ?? "") as Record<string, unknown>;

  it("is waited for while it is made, and pinned by its version", async () => {
    const { reference } = await backend.generate({ label: takeLabel(), algorithm: "ES256" });
    assert.match(reference.id, /\/cryptoKeys\/countersign-[^/]+\/cryptoKeyVersions\/1$/);
  });

  it("sees digests with their checksums, and whole messages only where there is no other way", async () => {
    for (const [algorithm, hash] of [
      ["ES384", "sha384"],
      ["RS512", "sha512"],
      ["PS256", "sha256"],
    ] as const) {
      const { reference } = await backend.generate({ label: takeLabel(), algorithm });
      const signer = await backend.open(reference);
      await signer.sign(Buffer.from("the signing input"));
      const { digest, digestCrc32c, data } = lastBody() as {
        readonly digest: Readonly<Record<string, string>>;
        readonly digestCrc32c: string;
        readonly data?: string;
      };
      assert.deepEqual(Object.keys(digest), [hash]);
      assert.match(digestCrc32c, /^\d+$/);
      assert.equal(data, undefined);
    }
    const { reference } = await backend.generate({ label: takeLabel(), algorithm: "Ed25519" });
    const signer = await backend.open(reference);
    await signer.sign(Buffer.from("the signing input"));
    assert.equal(Buffer.from(String(lastBody()["data"]), "base64").toString(), "the signing input");
  });

  it("takes the size that was asked for", async () => {
    const large = await place.open({ rsaBits: 3072, protectionLevel: "HSM" });
    const { publicJwk } = await large.generate({ label: takeLabel(), algorithm: "RS256" });
    assert.equal(publicJwk.kty === "RSA" && Buffer.from(publicJwk.n, "base64url").length * 8, 3072);
    const created = place.kms.requests.find(({ body }) => body.includes("RSA_SIGN_PKCS1_3072_SHA256"));
    assert.ok(created?.body.includes('"protectionLevel":"HSM"'));
    await large.close();
  });

  it("is not believed where octets changed on the way, or another version answers", async () => {
    const { reference } = await backend.generate({ label: takeLabel(), algorithm: "ES256" });
    const signer = await backend.open(reference);
    const changes: Record<string, unknown>[] = [
      { verifiedDigestCrc32c: false },
      { signatureCrc32c: "1" },
      { signature: Buffer.from("another").toString("base64") },
      { name: `${reference.id}1` },
    ];
    for (const change of changes) {
      const tamper = (answer: FakeAnswer): FakeAnswer => {
        const body = JSON.parse(String(answer.body)) as Record<string, unknown>;
        return answerJson(200, { ...body, ...change });
      };
      place.kms.fail({ kind: "change", change: tamper }, { matches: /asymmetricSign/ });
      await expectFailure(issueToken(signer), { kind: "unavailable" });
      place.kms.heal();
    }
    const tamperKey = (answer: FakeAnswer): FakeAnswer =>
      answerJson(200, { ...(JSON.parse(String(answer.body)) as object), pemCrc32c: "1" });
    place.kms.fail({ kind: "change", change: tamperKey }, { matches: /publicKey/ });
    await expectFailure(backend.open(reference), { kind: "unavailable", message: /unchanged/ });
    place.kms.heal();
  });

  it("is refused where it is disabled, or was made for another algorithm", async () => {
    const { reference } = await backend.generate({ label: takeLabel(), algorithm: "PS256" });
    await expectFailure(backend.open({ ...reference, algorithm: "RS256" }), {
      kind: "misconfigured",
      message: /expected a key version for RS256/,
    });
    place.kms.setState(reference.id, "DISABLED");
    await expectFailure(backend.open(reference), { kind: "refused", message: /DISABLED/ });
  });

  it("is asked for with credentials that are got first, and these are told apart where there are none", async () => {
    const { subjectToken } = place.kms;
    const request = { label: takeLabel(), algorithm: "ES256" } as const;
    const fresh = await place.open();
    const before = place.kms.requests.length;
    await fresh.generate({ label: takeLabel(), algorithm: "ES256" });
    assert.equal(place.kms.requests[before]?.target, "/sts");
    await fresh.close();
    const wrong = `wrong.${crypto.randomUUID()}`;
    const secrets = [wrong, subjectToken];
    await writeFile(place.subjectFile, wrong);
    const stranger = await place.open();
    await expectFailure(stranger.generate(request), {
      kind: "misconfigured",
      message: /credentials/,
      secrets,
    });
    await writeFile(place.subjectFile, subjectToken);
    const other = await place.open({ limits: { timeoutMs: 800 } });
    place.kms.fail({ kind: "answer", answer: { status: 503 } }, { matches: /sts/ });
    await expectFailure(other.generate(request), { kind: "unavailable", secrets });
    place.kms.heal();
    const missing = await place.open({ credentialsFile: "/nowhere/credentials.json" });
    await expectFailure(missing.generate(request), { kind: "misconfigured", secrets });
  });
});

describe("a checksum of CRC-32C", () => {
  it("is that of the standard's examples", () => {
    // RFC 3720 appendix B.4, read as big-endian numbers.
    assert.equal(computeCrc32c(Buffer.alloc(32)), 0x8a9136aa);
    assert.equal(computeCrc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43);
    assert.equal(computeCrc32c(Buffer.from(Array.from({ length: 32 }, (_, index) => index))), 0x46dd794e);
    assert.equal(computeCrc32c(Buffer.from("123456789")), 0xe3069283);
    assert.equal(computeCrc32c(Buffer.alloc(0)), 0);
  });
});
