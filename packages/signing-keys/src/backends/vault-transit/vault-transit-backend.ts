/** HashiCorp Vault's (and OpenBao's) transit engine, by its HTTP API. Each key has a name of its own there, and its first version is pinned. */

import { ALGORITHMS, type HashName } from "countersign";
import type { SigningAlgorithm } from "../../public-signing-jwk.ts";
import type { GeneratedKey, KeyBackend, KeyReference, KeyRequest, Signer } from "../../signer.ts";
import { SigningError } from "../../signing-error.ts";
import { BoundedCalls, type CallLimits, DEFAULT_CALL_LIMITS } from "../bounded-calls.ts";
import { checkReference, checkRequest, refuseId } from "../check-reference.ts";
import { decodeBase64 } from "../decode-base64.ts";
import { hashInput } from "../hash-input.ts";
import { isObject, type JsonAnswer, JsonHttp, type JsonRequest } from "../json-http.ts";
import { openSigner } from "../open-signer.ts";
import { type ForeignPublicKey, readPublicKey } from "../read-public-key.ts";
import { readSecret, type SecretReference } from "../secret-reference.ts";
import { refuseAnswer } from "../service-fault.ts";

export interface VaultTransitBackendOptions {
  /** Such as "https://vault.example.com:8200". */
  readonly address: string;
  /** Read anew for each call, as an agent replaces it. */
  readonly token: SecretReference;
  /** Where the engine is mounted. Default "transit". */
  readonly mount?: string;
  readonly namespace?: string;
  /** Certificates (PEM) of who may answer. Default those that the runtime trusts. */
  readonly ca?: string;
  /** Bits of RSA keys. Default 2048. */
  readonly rsaBits?: 2048 | 3072 | 4096;
  readonly limits?: CallLimits;
}

export const VAULT_ALGORITHMS: readonly SigningAlgorithm[] = [
  ...(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const),
  ...(["ES256", "ES384", "ES512", "Ed25519"] as const),
];

const BACKEND = "vault-transit";
const BACK = { backend: BACKEND, algorithms: VAULT_ALGORITHMS };
const PREFIX = "countersign-";
const ID = /^(?<name>[a-z0-9-]{1,80})\/(?<version>[1-9]\d{0,8})$/;
const KEY_TYPES: Readonly<Record<string, string>> = {
  ES256: "ecdsa-p256",
  ES384: "ecdsa-p384",
  ES512: "ecdsa-p521",
  Ed25519: "ed25519",
};
const HASHES: Readonly<Record<HashName, string>> = {
  "SHA-256": "sha2-256",
  "SHA-384": "sha2-384",
  "SHA-512": "sha2-512",
};
/** An Ed25519 key stands there as its 32 octets, without the frame that SubjectPublicKeyInfo puts around them. */
const ED25519_BYTES = 32;

export function createVaultTransitBackend(options: VaultTransitBackendOptions): KeyBackend {
  return new VaultTransitBackend(options);
}

interface PinnedKey {
  readonly name: string;
  readonly version: number;
}

type VaultCall = Pick<JsonRequest, "operation" | "method" | "body" | "expected"> & {
  readonly path: string;
  readonly repeatable?: boolean;
};

class VaultTransitBackend implements KeyBackend {
  readonly name = BACKEND;
  readonly #options: VaultTransitBackendOptions;
  readonly #calls: BoundedCalls;
  readonly #http: JsonHttp;

  constructor(options: VaultTransitBackendOptions) {
    this.#options = options;
    const { timeoutMs, maxConcurrent } = { ...DEFAULT_CALL_LIMITS, ...options.limits };
    this.#calls = new BoundedCalls(BACKEND, options.limits);
    this.#http = new JsonHttp({ backend: BACKEND, ca: options.ca, timeoutMs, connections: maxConcurrent });
  }

  async generate(request: KeyRequest): Promise<GeneratedKey> {
    checkRequest(request, BACK);
    const { label, algorithm } = request;
    const name = `${PREFIX}${label}`;
    if ((await this.#read(name)) !== undefined) throw refuseLabel(label);
    const type = KEY_TYPES[algorithm] ?? `rsa-${this.#options.rsaBits ?? 2048}`;
    const created = await this.#call({
      operation: "generate",
      method: "POST",
      path: `keys/${name}`,
      body: { type, exportable: false, allow_plaintext_backup: false },
      repeatable: false,
    });
    // Making a key that exists is no error there: it only warns.
    if (
      Array.isArray(created.body["warnings"]) &&
      /already exist/.test(JSON.stringify(created.body["warnings"]))
    )
      throw refuseLabel(label);
    const publicJwk = await this.#readPublic({ name, version: 1 }, algorithm);
    return {
      reference: { backend: BACKEND, id: `${name}/1`, label, algorithm, keyId: publicJwk.kid },
      publicJwk,
    };
  }

  async open(reference: KeyReference): Promise<Signer> {
    const pinned = checkPinned(reference);
    return openSigner({
      reference,
      publicJwk: await this.#readPublic(pinned, reference.algorithm),
      sign: (bytes) => this.#sign({ ...pinned, algorithm: reference.algorithm }, bytes),
    });
  }

  async destroy(reference: KeyReference): Promise<void> {
    const { name } = checkPinned(reference);
    if ((await this.#read(name)) === undefined) return;
    await this.#call({
      operation: "allow the key's deletion",
      method: "POST",
      path: `keys/${name}/config`,
      body: { deletion_allowed: true },
    });
    await this.#call({ operation: "destroy", method: "DELETE", path: `keys/${name}` });
  }

  async close(): Promise<void> {
    this.#calls.close();
    await this.#http.close();
  }

  async #sign(
    { name, version, algorithm }: PinnedKey & { readonly algorithm: SigningAlgorithm },
    bytes: Uint8Array,
  ): Promise<Uint8Array> {
    const operation = "sign";
    const { family, hash } = ALGORITHMS[algorithm];
    const digest = hashInput(algorithm, bytes);
    const { body } = await this.#call({
      operation,
      method: "POST",
      path: `sign/${name}`,
      body: {
        key_version: version,
        input: Buffer.from(digest ?? bytes).toString("base64"),
        prehashed: digest !== undefined,
        // Two numbers of fixed length, and base64url, as JOSE has them.
        marshaling_algorithm: "jws",
        ...(hash !== undefined && { hash_algorithm: HASHES[hash] }),
        ...(family === "rsa-pkcs1" && { signature_algorithm: "pkcs1v15" }),
        // Left to itself, the salt would be as long as fits.
        ...(family === "rsa-pss" && { signature_algorithm: "pss", salt_length: "hash" }),
      },
    });
    const data = isObject(body["data"]) ? body["data"] : {};
    const prefix = `vault:v${version}:`;
    const text = data["signature"];
    const signature =
      typeof text === "string" && text.startsWith(prefix)
        ? decodeBase64(text.slice(prefix.length), "base64url")
        : undefined;
    return (
      signature ??
      refuseAnswer({ backend: BACKEND, operation }, `a signature by version ${version} of the key`)
    );
  }

  async #readPublic(
    { name, version }: PinnedKey,
    algorithm: SigningAlgorithm,
  ): Promise<GeneratedKey["publicJwk"]> {
    const data = await this.#read(name);
    if (data === undefined) throw refuse(`expected the key ${name}, found none`);
    if (data["exportable"] !== false || data["allow_plaintext_backup"] !== false) {
      throw refuse(`the key ${name} can leave Vault (exportable, or plaintext backup); make another one`);
    }
    const versions = isObject(data["keys"]) ? data["keys"] : {};
    const entry = versions[String(version)];
    if (!isObject(entry) || typeof entry["public_key"] !== "string") {
      throw refuse(
        `expected version ${version} of the key ${name}, found none; it was trimmed, or is no signing key`,
      );
    }
    return readPublicKey(readForeign(entry["public_key"], algorithm), { algorithm, backend: BACKEND });
  }

  /** What Vault says of a key; undefined where there is none of the name. */
  async #read(name: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    const operation = "read the key";
    const { status, body } = await this.#call({
      operation,
      method: "GET",
      path: `keys/${name}`,
      expected: [404],
    });
    if (status === 404) return undefined;
    const { data } = body as { readonly data?: unknown };
    return isObject(data) ? data : refuseAnswer({ backend: BACKEND, operation }, "the key's data");
  }

  #call({ path, repeatable, ...call }: VaultCall): Promise<JsonAnswer> {
    const { address, mount = "transit", namespace, token } = this.#options;
    return this.#calls.run({
      operation: call.operation,
      ...(repeatable !== undefined && { repeatable }),
      attempt: async (signal) =>
        this.#http.send({
          ...call,
          url: `${address.replace(/\/$/, "")}/v1/${mount}/${path}`,
          headers: {
            "x-vault-token": await readToken(token),
            // Vault's proxies ask for it, against forged requests.
            "x-vault-request": "true",
            ...(namespace !== undefined && { "x-vault-namespace": namespace }),
          },
          signal,
        }),
    });
  }
}

async function readToken(reference: SecretReference): Promise<string> {
  const token = await readSecret(reference, { backend: BACKEND, what: "a token" });
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new SigningError(
    `${BACKEND}: the token has characters that no header can carry; look what stands in its place`,
    {
      kind: "misconfigured",
      backend: BACKEND,
    },
  );
}

function checkPinned(reference: KeyReference): PinnedKey {
  checkReference(reference, BACK);
  const { name = "", version = "" } = ID.exec(reference.id)?.groups ?? {};
  if (name === "") refuseId(BACKEND, "NAME/VERSION");
  return { name, version: Number(version) };
}

function readForeign(text: string, algorithm: SigningAlgorithm): ForeignPublicKey {
  const octets = algorithm === "Ed25519" ? decodeBase64(text, "base64") : undefined;
  if (octets?.length !== ED25519_BYTES) return text;
  return { kty: "OKP", crv: "Ed25519", x: octets.toString("base64url") };
}

function refuse(problem: string): SigningError {
  return new SigningError(`${BACKEND}: ${problem}`, { kind: "refused", backend: BACKEND });
}

function refuseLabel(label: string): SigningError {
  return refuse(`a key of the label ${label} exists already; take another label`);
}
