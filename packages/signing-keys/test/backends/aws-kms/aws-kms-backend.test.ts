import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AWS_ALGORITHMS } from "../../../src/backends/aws-kms/aws-algorithms.ts";
import {
  type AwsKmsBackendOptions,
  createAwsKmsBackend,
} from "../../../src/backends/aws-kms/aws-kms-backend.ts";
import type { KeyBackend } from "../../../src/index.ts";
import { describeKeyBackend, takeLabel } from "../describe-key-backend.ts";
import { describeServiceFaults } from "../kit/describe-service-faults.ts";
import { expectFailure } from "../kit/expect-failure.ts";
import { issueToken } from "../kit/issue-token.ts";
import { answerAwsJson, type FakeAwsKms, refuseAws, startFakeAwsKms } from "../kit/start-fake-aws-kms.ts";
import type { FakeAnswer } from "../kit/start-fake-service.ts";

interface AwsPlace {
  readonly kms: FakeAwsKms;
  open(changes?: Partial<AwsKmsBackendOptions>): Promise<KeyBackend>;
  stop(): Promise<void>;
}

const NAMES = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"] as const;

async function startPlace(): Promise<AwsPlace> {
  const kms = await startFakeAwsKms();
  const { accessKeyId, secretAccessKey } = kms.credentials;
  // Found in the environment when they are first needed.
  process.env["AWS_ACCESS_KEY_ID"] = accessKeyId;
  process.env["AWS_SECRET_ACCESS_KEY"] = secretAccessKey;
  process.env["AWS_EC2_METADATA_DISABLED"] = "true";
  return {
    kms,
    open: (changes = {}) => createAwsKmsBackend({ region: kms.region, endpoint: kms.url, ...changes }),
    async stop() {
      for (const name of NAMES) delete process.env[name];
      await kms.stop();
    },
  };
}

describeKeyBackend({
  name: "AWS KMS (a fake)",
  algorithms: AWS_ALGORITHMS,
  missing: "Ed448",
  start: async () => {
    const place = await startPlace();
    return { open: () => place.open(), stop: () => place.stop() };
  },
});

describeServiceFaults({
  name: "AWS KMS",
  algorithm: "ES256",
  start: async () => {
    const place = await startPlace();
    return {
      service: place.kms,
      secrets: [place.kms.credentials.secretAccessKey, "AWS4-HMAC-SHA256"],
      open: (limits) => place.open({ limits }),
      stop: () => place.stop(),
    };
  },
  signing: /TrentService\.Sign/,
  creating: /CreateKey/,
  boundsAnswers: false,
  throttled: refuseAws("ThrottlingException"),
  broken: refuseAws("KMSInternalException", 500),
  denied: refuseAws("AccessDeniedException"),
  unknownCaller: { answer: refuseAws("UnrecognizedClientException"), kind: "misconfigured" },
});

describe("a key of AWS KMS", () => {
  let place: AwsPlace;
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

  it("is pinned by its ARN, and by no alias that may move", async () => {
    const { reference } = await backend.generate({ label: takeLabel(), algorithm: "ES256" });
    assert.match(reference.id, /^arn:aws:kms:eu-central-1:111122223333:key\//);
    const alias = `alias/countersign/${reference.label}`;
    await expectFailure(backend.open({ ...reference, id: alias }), { kind: "misconfigured" });
  });

  it("sees digests, and whole messages only where there is no other way", async () => {
    for (const [algorithm, name] of [
      ["ES512", "ECDSA_SHA_512"],
      ["RS256", "RSASSA_PKCS1_V1_5_SHA_256"],
      ["PS384", "RSASSA_PSS_SHA_384"],
      ["Ed25519", "ED25519_SHA_512"],
    ] as const) {
      const { reference } = await backend.generate({ label: takeLabel(), algorithm });
      const signer = await backend.open(reference);
      await signer.sign(Buffer.from("the signing input"));
      const { KeyId, Message, MessageType, SigningAlgorithm } = lastBody();
      assert.equal(KeyId, reference.id);
      assert.equal(SigningAlgorithm, name);
      assert.equal(MessageType, algorithm === "Ed25519" ? "RAW" : "DIGEST");
      const input = Buffer.from(String(Message), "base64");
      assert.equal(input.toString() === "the signing input", algorithm === "Ed25519");
    }
  });

  it("signs input of any length where it is hashed, and refuses what is too long where it is not", async () => {
    const long = Buffer.alloc(4097, "x");
    const { reference } = await backend.generate({ label: takeLabel(), algorithm: "ES256" });
    await (await backend.open(reference)).sign(long);
    const edwards = await backend.generate({ label: takeLabel(), algorithm: "Ed25519" });
    const signer = await backend.open(edwards.reference);
    await signer.sign(long.subarray(1));
    const before = place.kms.requests.length;
    await expectFailure(signer.sign(long), { kind: "refused", message: /at most 4096 octets/ });
    assert.equal(place.kms.requests.length, before);
  });

  it("is not believed to have signed with another key or in another way", async () => {
    const { reference } = await backend.generate({ label: takeLabel(), algorithm: "ES256" });
    const signer = await backend.open(reference);
    for (const change of [
      { KeyId: `${reference.id}0` },
      { SigningAlgorithm: "ECDSA_SHA_384" },
      { Signature: Buffer.alloc(64, 1).toString("base64") },
      { Signature: undefined },
    ]) {
      const tamper = (answer: FakeAnswer): FakeAnswer =>
        answerAwsJson(200, { ...(JSON.parse(String(answer.body)) as object), ...change });
      place.kms.fail({ kind: "change", change: tamper }, { matches: /Sign/ });
      await expectFailure(issueToken(signer), { kind: "unavailable" });
      place.kms.heal();
    }
  });

  it("is refused where it is disabled, and destroyed after the days that were asked for", async () => {
    const patient = await place.open({ deletionDays: 7 });
    const { reference } = await patient.generate({ label: takeLabel(), algorithm: "ES256" });
    place.kms.setState(reference.id, "Disabled");
    await expectFailure(patient.open(reference), { kind: "refused", message: /DisabledException/ });
    await patient.destroy(reference);
    assert.equal(lastBody()["PendingWindowInDays"], 7);
    await patient.close();
  });

  it("is not left behind where its name was taken meanwhile", async () => {
    const label = takeLabel();
    await backend.generate({ label, algorithm: "ES256" });
    const keys = place.kms.countKeys();
    place.kms.fail(
      { kind: "answer", answer: refuseAws("NotFoundException") },
      { matches: /DescribeKey/, times: 1 },
    );
    await expectFailure(backend.generate({ label, algorithm: "ES256" }), {
      kind: "refused",
      message: /exists/,
    });
    place.kms.heal();
    assert.equal(place.kms.countKeys(), keys + 1);
    assert.match(place.kms.requests.at(-1)?.headers["x-amz-target"] ?? "", /ScheduleKeyDeletion/);
  });

  it("is made once, whatever the way does", async () => {
    const keys = place.kms.countKeys();
    place.kms.fail(
      { kind: "answer", answer: refuseAws("KMSInternalException", 500) },
      { matches: /CreateKey/ },
    );
    await expectFailure(backend.generate({ label: takeLabel(), algorithm: "ES256" }), {
      kind: "unavailable",
    });
    const asked = place.kms.requests.filter(({ headers }) => /CreateKey/.test(headers["x-amz-target"] ?? ""));
    place.kms.heal();
    assert.equal(place.kms.countKeys(), keys);
    assert.equal(asked.at(-1), place.kms.requests.at(-1));
  });

  it("is asked for with signed requests, and told apart where the secret is another, or there is none", async () => {
    const request = { label: takeLabel(), algorithm: "ES256" } as const;
    const wrong = `wrong${crypto.randomUUID()}`;
    process.env["AWS_SECRET_ACCESS_KEY"] = wrong;
    try {
      const stranger = await place.open();
      await expectFailure(stranger.generate(request), {
        kind: "misconfigured",
        message: /InvalidSignatureException/,
        secrets: [wrong],
      });
      delete process.env["AWS_SECRET_ACCESS_KEY"];
      const nobody = await place.open();
      await expectFailure(nobody.generate(request), {
        kind: "misconfigured",
        message: /CredentialsProviderError/,
      });
    } finally {
      process.env["AWS_SECRET_ACCESS_KEY"] = place.kms.credentials.secretAccessKey;
    }
  });
});
