/** The transit engine of HashiCorp Vault as its documentation has it: paths, members, statuses and defaults. */

import { encodeDerSignature } from "./encode-der-signature.ts";
import {
  createServiceKey,
  type DigestName,
  joinNumbers,
  type ServiceKey,
  type ServiceKeyKind,
} from "./service-key.ts";
import {
  answerJson,
  type FakeAnswer,
  type FakeRequest,
  type FakeService,
  startFakeService,
} from "./start-fake-service.ts";

interface VaultKey {
  readonly type: string;
  readonly versions: ServiceKey[];
  exportable: boolean;
  deletionAllowed: boolean;
  minEncryptionVersion: number;
}

export interface FakeVault extends FakeService {
  readonly token: string;
  /** As an operator who rotates by hand. */
  rotate(name: string): void;
  change(name: string, changes: Partial<Pick<VaultKey, "exportable" | "minEncryptionVersion">>): void;
}

const KINDS: Readonly<Record<string, ServiceKeyKind>> = {
  "ecdsa-p256": "P-256",
  "ecdsa-p384": "P-384",
  "ecdsa-p521": "P-521",
  ed25519: "Ed25519",
};
const NAMES: Readonly<Record<string, string>> = { "P-256": "P-256", "P-384": "P-384", "P-521": "P-521" };
const HASHES: Readonly<Record<string, DigestName>> = {
  "sha2-256": "sha256",
  "sha2-384": "sha384",
  "sha2-512": "sha512",
};

export async function startFakeVault(mount: string = "transit"): Promise<FakeVault> {
  const token = `hvs.${crypto.randomUUID()}`;
  const keys = new Map<string, VaultKey>();
  const service = await startFakeService({
    answer: (request) => answerVault(request, { token, mount, keys }),
  });
  const find = (name: string): VaultKey => {
    const key = keys.get(name);
    if (key === undefined) throw new Error(`no key ${name}`);
    return key;
  };
  return Object.assign(service, {
    token,
    rotate: (name: string) => {
      const key = find(name);
      key.versions.push(makeVersion(key.type));
    },
    change: (name: string, changes: Partial<VaultKey>) => {
      Object.assign(find(name), changes);
    },
  });
}

interface VaultState {
  readonly token: string;
  readonly mount: string;
  readonly keys: Map<string, VaultKey>;
}

function refuse(status: number, ...errors: string[]): FakeAnswer {
  return answerJson(status, { errors });
}

function answerVault(
  { method, target, headers, body }: FakeRequest,
  { token, mount, keys }: VaultState,
): FakeAnswer {
  if (headers["x-vault-request"] !== "true") return refuse(412, "missing required header");
  if (headers["x-vault-token"] !== token) return refuse(403, "permission denied");
  const path = target.replace(`/v1/${mount}/`, "");
  const [kind = "", name = "", action] = path.split("/");
  const parameters = body === "" ? {} : (JSON.parse(body) as Record<string, unknown>);
  const key = keys.get(name);
  if (kind === "sign" && method === "POST") {
    return key === undefined ? refuse(400, "signing key not found") : answerSign(key, parameters);
  }
  if (kind !== "keys") return refuse(404);
  if (method === "POST" && action === undefined) return answerCreate(name, { keys, parameters });
  if (key === undefined)
    return method === "GET" ? refuse(404) : refuse(400, `no existing key named ${name} could be found`);
  if (method === "GET") return answerJson(200, { data: describe(name, key) });
  if (method === "POST" && action === "config") {
    if (parameters["deletion_allowed"] === true) key.deletionAllowed = true;
    return answerJson(200, { data: describe(name, key) });
  }
  if (method !== "DELETE") return refuse(405, "unsupported operation");
  if (!key.deletionAllowed)
    return refuse(400, `error deleting policy ${name}: deletion is not allowed for this policy`);
  keys.delete(name);
  return { status: 204 };
}

function makeVersion(type: string): ServiceKey {
  const kind = KINDS[type];
  return kind === undefined
    ? createServiceKey("rsa", Number(type.replace("rsa-", "")))
    : createServiceKey(kind);
}

function answerCreate(
  name: string,
  { keys, parameters }: { readonly keys: VaultState["keys"]; readonly parameters: Record<string, unknown> },
): FakeAnswer {
  const known = keys.get(name);
  if (known !== undefined) {
    return answerJson(200, { data: describe(name, known), warnings: [`key ${name} already existed`] });
  }
  const type = String(parameters["type"] ?? "aes256-gcm96");
  if (KINDS[type] === undefined && !/^rsa-(2048|3072|4096)$/.test(type))
    return refuse(400, `unknown key type ${type}`);
  const key: VaultKey = {
    type,
    versions: [makeVersion(type)],
    exportable: parameters["exportable"] === true,
    deletionAllowed: false,
    minEncryptionVersion: 0,
  };
  keys.set(name, key);
  return answerJson(200, { data: describe(name, key), warnings: null });
}

function describe(name: string, key: VaultKey): Record<string, unknown> {
  const versions = key.versions.map((version, index) => [String(index + 1), describeVersion(version)]);
  return {
    name,
    type: key.type,
    keys: Object.fromEntries(versions) as object,
    latest_version: key.versions.length,
    min_available_version: 0,
    min_decryption_version: 1,
    min_encryption_version: key.minEncryptionVersion,
    exportable: key.exportable,
    allow_plaintext_backup: false,
    deletion_allowed: key.deletionAllowed,
    derived: false,
    imported_key: false,
    supports_signing: true,
    auto_rotate_period: 0,
  };
}

function describeVersion({ kind, publicKey }: ServiceKey): Record<string, unknown> {
  const isEdwards = kind === "Ed25519";
  const { x = "" } = isEdwards ? publicKey.export({ format: "jwk" }) : {};
  return {
    creation_time: new Date().toISOString(),
    name: isEdwards ? "ed25519" : (NAMES[kind] ?? "rsa"),
    public_key: isEdwards
      ? Buffer.from(x, "base64url").toString("base64")
      : publicKey.export({ format: "pem", type: "spki" }),
  };
}

function answerSign(key: VaultKey, parameters: Record<string, unknown>): FakeAnswer {
  const number = Number(parameters["key_version"] ?? key.versions.length);
  const version = key.versions[number - 1];
  if (version === undefined || number < key.minEncryptionVersion) {
    return refuse(400, "cannot sign with a version older than the minimum, or that does not exist");
  }
  const input = Buffer.from(String(parameters["input"]), "base64");
  const isJws = parameters["marshaling_algorithm"] === "jws";
  const signature = signInput(version, { input, isJws, parameters });
  if (signature === undefined) return refuse(400, "invalid input");
  const encoded = signature.toString(isJws ? "base64url" : "base64");
  return answerJson(200, { data: { signature: `vault:v${number}:${encoded}`, key_version: number } });
}

function signInput(
  version: ServiceKey,
  {
    input,
    isJws,
    parameters,
  }: { readonly input: Buffer; readonly isJws: boolean; readonly parameters: Record<string, unknown> },
): Buffer | undefined {
  const isPrehashed = parameters["prehashed"] === true;
  if (version.kind === "Ed25519") return isPrehashed ? undefined : version.signEdwards(input);
  const hash = HASHES[String(parameters["hash_algorithm"] ?? "sha2-256")];
  // The fake takes digests alone, as we only send those.
  if (!isPrehashed || hash === undefined || input.length !== Number(hash.slice(3)) / 8) return undefined;
  if (version.kind !== "rsa") {
    const numbers = version.signEcdsa(input);
    return isJws ? joinNumbers(numbers, version.kind) : encodeDerSignature(numbers.r, numbers.s);
  }
  if (parameters["signature_algorithm"] === "pkcs1v15") return version.signPkcs1(input, hash);
  const bytes = (version.publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  const salt = parameters["salt_length"] ?? "auto";
  const saltBytes = salt === "hash" ? input.length : bytes - input.length - 2;
  return saltBytes > 0 ? version.signPss(input, { hash, saltBytes }) : undefined;
}
