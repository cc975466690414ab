/** AWS KMS as its API reference has it: JSON 1.1, Signature Version 4, key states, aliases, and DER for ECDSA. */

import { type AwsCredentials, findSignatureProblem } from "./check-aws-signature.ts";
import { encodeDerSignature } from "./encode-der-signature.ts";
import { createServiceKey, type DigestName, type ServiceKey } from "./service-key.ts";
import {
  type FakeAnswer,
  type FakeRequest,
  type FakeService,
  startFakeService,
} from "./start-fake-service.ts";

export interface FakeAwsKms extends FakeService {
  readonly credentials: AwsCredentials;
  readonly region: string;
  setState(id: string, state: string): void;
  /** Keys that are there, also those on their way out. */
  countKeys(): number;
}

interface AwsKey {
  readonly spec: string;
  readonly key: ServiceKey;
  state: string;
}

interface AwsState {
  readonly credentials: AwsCredentials;
  readonly keys: Map<string, AwsKey>;
  readonly aliases: Map<string, string>;
}

type Parameters = Readonly<Record<string, unknown>>;

const REGION = "eu-central-1";
const SPECS: Readonly<Record<string, () => ServiceKey>> = {
  RSA_2048: () => createServiceKey("rsa", 2048),
  RSA_3072: () => createServiceKey("rsa", 3072),
  RSA_4096: () => createServiceKey("rsa", 4096),
  ECC_NIST_P256: () => createServiceKey("P-256"),
  ECC_NIST_P384: () => createServiceKey("P-384"),
  ECC_NIST_P521: () => createServiceKey("P-521"),
  ECC_NIST_EDWARDS25519: () => createServiceKey("Ed25519"),
};
const ECDSA: Readonly<Record<string, string>> = {
  ECC_NIST_P256: "ECDSA_SHA_256",
  ECC_NIST_P384: "ECDSA_SHA_384",
  ECC_NIST_P521: "ECDSA_SHA_512",
  ECC_NIST_EDWARDS25519: "ED25519_SHA_512",
};
const RSA_ALGORITHMS = ["RSASSA_PKCS1_V1_5_SHA_", "RSASSA_PSS_SHA_"].flatMap((start) =>
  ["256", "384", "512"].map((bits) => start + bits),
);
const MAX_MESSAGE_BYTES = 4096;

export async function startFakeAwsKms(): Promise<FakeAwsKms> {
  const state: AwsState = {
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: crypto.randomUUID() },
    keys: new Map(),
    aliases: new Map(),
  };
  const service = await startFakeService({ answer: (request) => answerAws(request, state) });
  return Object.assign(service, {
    credentials: state.credentials,
    region: REGION,
    setState: (id: string, value: string) => {
      const key = state.keys.get(id);
      if (key === undefined) throw new Error(`no key ${id}`);
      key.state = value;
    },
    countKeys: () => state.keys.size,
  });
}

export function answerAwsJson(status: number, body: unknown): FakeAnswer {
  return { status, headers: { "content-type": "application/x-amz-json-1.1" }, body: JSON.stringify(body) };
}

export function refuseAws(name: string, status: number = 400): FakeAnswer {
  return answerAwsJson(status, { __type: name, message: `${name}, says the fake` });
}

function answerAws(request: FakeRequest, state: AwsState): FakeAnswer {
  const problem = findSignatureProblem(request, state.credentials);
  if (problem !== undefined) return refuseAws(problem);
  const action = /^TrentService\.(\w+)$/.exec(request.headers["x-amz-target"] ?? "")?.[1];
  const parameters = JSON.parse(request.body) as Parameters;
  switch (action) {
    case "CreateKey":
      return answerCreate(parameters, state);
    case "CreateAlias":
      return answerAlias(parameters, state);
    default:
      return answerKey(action, { parameters, state });
  }
}

function answerCreate({ KeySpec, KeyUsage }: Parameters, { keys }: AwsState): FakeAnswer {
  const make = SPECS[String(KeySpec)];
  if (make === undefined || KeyUsage !== "SIGN_VERIFY") return refuseAws("ValidationException");
  const arn = `arn:aws:kms:${REGION}:111122223333:key/${crypto.randomUUID()}`;
  const key = { spec: String(KeySpec), key: make(), state: "Enabled" };
  keys.set(arn, key);
  return answerAwsJson(200, { KeyMetadata: describe(arn, key) });
}

function describe(arn: string, { spec, state }: AwsKey): Record<string, unknown> {
  const KeyId = arn.slice(arn.lastIndexOf("/") + 1);
  return {
    Arn: arn,
    KeyId,
    KeySpec: spec,
    KeyUsage: "SIGN_VERIFY",
    KeyState: state,
    Enabled: state === "Enabled",
  };
}

function answerAlias({ AliasName, TargetKeyId }: Parameters, { keys, aliases }: AwsState): FakeAnswer {
  const name = String(AliasName);
  if (!/^alias\/[a-zA-Z0-9/_-]{1,250}$/.test(name)) return refuseAws("InvalidAliasNameException");
  if (aliases.has(name)) return refuseAws("AlreadyExistsException");
  if (!keys.has(String(TargetKeyId))) return refuseAws("NotFoundException");
  aliases.set(name, String(TargetKeyId));
  return { status: 200 };
}

function answerKey(
  action: string | undefined,
  { parameters, state }: { readonly parameters: Parameters; readonly state: AwsState },
): FakeAnswer {
  const asked = String(parameters["KeyId"]);
  const arn = state.aliases.get(asked) ?? asked;
  const key = state.keys.get(arn);
  if (key === undefined) return refuseAws("NotFoundException");
  if (action === "DescribeKey") return answerAwsJson(200, { KeyMetadata: describe(arn, key) });
  if (key.state === "Disabled" && action !== "ScheduleKeyDeletion") return refuseAws("DisabledException");
  if (key.state === "PendingDeletion") return refuseAws("KMSInvalidStateException");
  switch (action) {
    case "GetPublicKey":
      return answerAwsJson(200, {
        KeyId: arn,
        KeySpec: key.spec,
        KeyUsage: "SIGN_VERIFY",
        PublicKey: key.key.publicKey.export({ format: "der", type: "spki" }).toString("base64"),
        SigningAlgorithms: listAlgorithms(key.spec),
      });
    case "Sign":
      return answerSign({ arn, key }, parameters);
    case "ScheduleKeyDeletion": {
      const days = Number(parameters["PendingWindowInDays"] ?? 30);
      if (days < 7 || days > 30) return refuseAws("ValidationException");
      key.state = "PendingDeletion";
      return answerAwsJson(200, { KeyId: arn, KeyState: key.state, PendingWindowInDays: days });
    }
    default:
      return refuseAws("UnknownOperationException");
  }
}

function listAlgorithms(spec: string): readonly string[] {
  const one = ECDSA[spec];
  return one === undefined ? RSA_ALGORITHMS : [one];
}

function answerSign(
  { arn, key: { spec, key } }: { readonly arn: string; readonly key: AwsKey },
  { Message, MessageType, SigningAlgorithm }: Parameters,
): FakeAnswer {
  const algorithm = String(SigningAlgorithm);
  const message = Buffer.from(String(Message), "base64");
  if (!listAlgorithms(spec).includes(algorithm)) return refuseAws("InvalidKeyUsageException");
  if (message.length === 0 || message.length > MAX_MESSAGE_BYTES) return refuseAws("ValidationException");
  const signature = sign(key, { algorithm, message, isDigest: MessageType === "DIGEST" });
  if (signature === undefined) return refuseAws("ValidationException");
  return answerAwsJson(200, {
    KeyId: arn,
    Signature: signature.toString("base64"),
    SigningAlgorithm: algorithm,
  });
}

function sign(
  key: ServiceKey,
  {
    algorithm,
    message,
    isDigest,
  }: { readonly algorithm: string; readonly message: Buffer; readonly isDigest: boolean },
): Buffer | undefined {
  // ED25519_SHA_512 is for messages alone; the digests of ED25519_PH_SHA_512 are another algorithm.
  if (algorithm === "ED25519_SHA_512") return isDigest ? undefined : key.signEdwards(message);
  const bits = algorithm.slice(-3);
  const hash = `sha${bits}` as DigestName;
  if (!isDigest || message.length !== Number(bits) / 8) return undefined;
  if (algorithm.startsWith("RSASSA_PSS")) return key.signPss(message, { hash, saltBytes: message.length });
  if (algorithm.startsWith("RSASSA")) return key.signPkcs1(message, hash);
  const { r, s } = key.signEcdsa(message);
  return encodeDerSignature(r, s);
}
