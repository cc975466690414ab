/** Google Cloud KMS by its REST reference, and the token exchange of workload identity federation before it. */

import { encodeDerSignature } from "./encode-der-signature.ts";
import { createServiceKey, type DigestName, type ServiceKey } from "./service-key.ts";
import {
  answerJson,
  type FakeAnswer,
  type FakeRequest,
  type FakeService,
  startFakeService,
} from "./start-fake-service.ts";

export interface FakeGoogleKms extends FakeService {
  readonly keyRing: string;
  readonly accessToken: string;
  /** What the token exchange takes. */
  readonly subjectToken: string;
  /** Sets the state of a version, such as "DISABLED". */
  setState(id: string, state: string): void;
}

interface GoogleVersion {
  readonly algorithm: string;
  readonly key: ServiceKey;
  state: string;
  /** Questions for its state until it is made. */
  pending: number;
}

interface GoogleState {
  readonly keyRing: string;
  readonly accessToken: string;
  readonly subjectToken: string;
  readonly versions: Map<string, GoogleVersion>;
}

const KEYS: Readonly<Record<string, Parameters<typeof createServiceKey>[0]>> = {
  EC_SIGN_P256_SHA256: "P-256",
  EC_SIGN_P384_SHA384: "P-384",
  EC_SIGN_ED25519: "Ed25519",
};
const RSA = /^RSA_SIGN_(PKCS1|PSS)_(2048|3072|4096)_SHA(256|512)$/;

export async function startFakeGoogleKms(): Promise<FakeGoogleKms> {
  const state: GoogleState = {
    keyRing: "projects/test-project/locations/europe-west3/keyRings/ring",
    accessToken: `ya29.${crypto.randomUUID()}`,
    subjectToken: `subject.${crypto.randomUUID()}`,
    versions: new Map(),
  };
  const service = await startFakeService({ answer: (request) => answerGoogle(request, state) });
  return Object.assign(service, {
    keyRing: state.keyRing,
    accessToken: state.accessToken,
    subjectToken: state.subjectToken,
    setState: (id: string, value: string) => {
      const version = state.versions.get(id);
      if (version === undefined) throw new Error(`no version ${id}`);
      version.state = value;
    },
  });
}

/** google.rpc.Status, as the REST API writes it. */
function refuse(code: number, status: string): FakeAnswer {
  return answerJson(code, { error: { code, status, message: `${status}, says the fake` } });
}

function answerGoogle(request: FakeRequest, state: GoogleState): FakeAnswer {
  const { method, target, headers, body } = request;
  if (target === "/sts") return answerExchange(request, state);
  if (headers["authorization"] !== `Bearer ${state.accessToken}`) return refuse(401, "UNAUTHENTICATED");
  const url = new URL(target, "http://fake");
  const path = url.pathname.replace("/v1/", "");
  const parameters = body === "" ? {} : (JSON.parse(body) as Record<string, unknown>);
  if (method === "POST" && path === `${state.keyRing}/cryptoKeys`) {
    return answerCreate(url.searchParams.get("cryptoKeyId") ?? "", { state, parameters });
  }
  const [id = "", verb = ""] = path.split(/[:]|\/publicKey$/);
  const version = state.versions.get(id);
  if (version === undefined) return refuse(404, "NOT_FOUND");
  if (method === "GET" && path.endsWith("/publicKey")) return answerPublicKey(id, version);
  if (method === "GET") return answerVersion(id, version);
  if (verb === "destroy") {
    if (version.state.startsWith("DESTROY")) return refuse(400, "FAILED_PRECONDITION");
    version.state = "DESTROY_SCHEDULED";
    return answerVersion(id, version);
  }
  return verb === "asymmetricSign" ? answerSign({ id, version }, parameters) : refuse(404, "NOT_FOUND");
}

/** RFC 8693, as Google's Security Token Service takes it. */
function answerExchange({ body }: FakeRequest, { accessToken, subjectToken }: GoogleState): FakeAnswer {
  const form = new URLSearchParams(body);
  if (form.get("subject_token") !== subjectToken) return answerJson(400, { error: "invalid_grant" });
  return answerJson(200, {
    access_token: accessToken,
    issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
    token_type: "Bearer",
    expires_in: 3600,
  });
}

function answerCreate(
  name: string,
  { state, parameters }: { readonly state: GoogleState; readonly parameters: Record<string, unknown> },
): FakeAnswer {
  const id = `${state.keyRing}/cryptoKeys/${name}/cryptoKeyVersions/1`;
  if (!/^[a-zA-Z0-9_-]{1,80}$/.test(name) || parameters["purpose"] !== "ASYMMETRIC_SIGN") {
    return refuse(400, "INVALID_ARGUMENT");
  }
  if (state.versions.has(id)) return refuse(409, "ALREADY_EXISTS");
  const { algorithm = "" } = parameters["versionTemplate"] as { readonly algorithm?: string };
  const kind = KEYS[algorithm];
  const rsaBits = RSA.exec(algorithm)?.[2];
  if (kind === undefined && rsaBits === undefined) return refuse(400, "INVALID_ARGUMENT");
  const key = kind === undefined ? createServiceKey("rsa", Number(rsaBits)) : createServiceKey(kind);
  state.versions.set(id, { algorithm, key, state: "PENDING_GENERATION", pending: 1 });
  return answerJson(200, { name: `${state.keyRing}/cryptoKeys/${name}`, purpose: "ASYMMETRIC_SIGN" });
}

function answerVersion(name: string, version: GoogleVersion): FakeAnswer {
  if (version.state === "PENDING_GENERATION" && version.pending-- <= 0) version.state = "ENABLED";
  const { algorithm, state } = version;
  return answerJson(200, { name, state, algorithm, protectionLevel: "SOFTWARE" });
}

function answerPublicKey(name: string, { algorithm, key, state }: GoogleVersion): FakeAnswer {
  if (state !== "ENABLED") return refuse(400, "FAILED_PRECONDITION");
  const pem = key.publicKey.export({ format: "pem", type: "spki" });
  return answerJson(200, { pem, algorithm, pemCrc32c: String(checksum(Buffer.from(pem))), name });
}

function answerSign(
  { id, version }: { readonly id: string; readonly version: GoogleVersion },
  parameters: Record<string, unknown>,
): FakeAnswer {
  if (version.state !== "ENABLED") return refuse(400, "FAILED_PRECONDITION");
  const { algorithm, key } = version;
  const isData = key.kind === "Ed25519";
  const hash: DigestName = algorithm.endsWith("SHA512")
    ? "sha512"
    : algorithm.endsWith("SHA384")
      ? "sha384"
      : "sha256";
  const digest = parameters["digest"] as Readonly<Record<string, string>> | undefined;
  const text = isData ? parameters["data"] : digest?.[hash];
  if (typeof text !== "string") return refuse(400, "INVALID_ARGUMENT");
  const input = Buffer.from(text, "base64");
  const sum = parameters[isData ? "dataCrc32c" : "digestCrc32c"];
  if (sum !== undefined && sum !== String(checksum(input))) return refuse(400, "INVALID_ARGUMENT");
  if (!isData && input.length !== Number(hash.slice(3)) / 8) return refuse(400, "INVALID_ARGUMENT");
  const signature = sign(key, { algorithm, input, hash });
  return answerJson(200, {
    signature: signature.toString("base64"),
    signatureCrc32c: String(checksum(signature)),
    [isData ? "verifiedDataCrc32c" : "verifiedDigestCrc32c"]: sum !== undefined,
    name: id,
    protectionLevel: "SOFTWARE",
  });
}

function sign(
  key: ServiceKey,
  {
    algorithm,
    input,
    hash,
  }: { readonly algorithm: string; readonly input: Buffer; readonly hash: DigestName },
): Buffer {
  if (key.kind === "Ed25519") return key.signEdwards(input);
  if (key.kind === "rsa") {
    return algorithm.startsWith("RSA_SIGN_PSS")
      ? key.signPss(input, { hash, saltBytes: input.length })
      : key.signPkcs1(input, hash);
  }
  const { r, s } = key.signEcdsa(input);
  return encodeDerSignature(r, s);
}

/** CRC-32C bit by bit: slow, and without the table of the code under test. */
function checksum(octets: Buffer): number {
  let rest = 0xffffffff;
  for (const octet of octets) {
    rest ^= octet;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0x82f63b78 : rest >>> 1;
  }
  return (rest ^ 0xffffffff) >>> 0;
}
