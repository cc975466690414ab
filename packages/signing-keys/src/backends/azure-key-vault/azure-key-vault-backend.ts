/** Azure Key Vault and Managed HSM, through Microsoft's own client. Each key has a name of its own there, and its version is pinned. */

import type { CryptographyClient, KeyClient, KeyVaultKey } from "@azure/keyvault-keys";
import type { SigningAlgorithm } from "../../public-signing-jwk.ts";
import type { GeneratedKey, KeyBackend, KeyReference, KeyRequest, Signer } from "../../signer.ts";
import { SigningError } from "../../signing-error.ts";
import { BoundedCalls, type CallLimits } from "../bounded-calls.ts";
import { checkReference, checkRequest, refuseId } from "../check-reference.ts";
import { hashInput } from "../hash-input.ts";
import { isObject } from "../json-http.ts";
import { loadPeer } from "../load-peer.ts";
import { openSigner } from "../open-signer.ts";
import { readPublicKey } from "../read-public-key.ts";
import { refuseAnswer } from "../service-fault.ts";
import { BACKEND, createAzureFault, readAzureStatus } from "./azure-fault.ts";

/** What gets access tokens, in the form of `@azure/core-auth`. */
export interface AzureCredential {
  getToken(
    scopes: string | string[],
    options?: object,
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

export interface AzureKeyVaultBackendOptions {
  /** Such as "https://vault-name.vault.azure.net". */
  readonly vaultUrl: string;
  /** Default `DefaultAzureCredential` of `@azure/identity`: environment, workload identity, managed identity, command line. */
  readonly credential?: AzureCredential;
  /** Keys that live in an HSM ("EC-HSM", "RSA-HSM"). Default false. */
  readonly hsm?: boolean;
  /** Certificates (PEM) of who may answer. Default those that the runtime trusts. */
  readonly ca?: string;
  /** Bits of RSA keys. Default 2048. */
  readonly rsaBits?: 2048 | 3072 | 4096;
  readonly limits?: CallLimits;
}

type AzureAlgorithm = Exclude<
  SigningAlgorithm,
  "Ed25519" | "Ed448" | "ML-DSA-44" | "ML-DSA-65" | "ML-DSA-87"
>;

export const AZURE_ALGORITHMS: readonly AzureAlgorithm[] = [
  ...(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"] as const),
];

const BACK: { readonly backend: string; readonly algorithms: readonly SigningAlgorithm[] } = {
  backend: BACKEND,
  algorithms: AZURE_ALGORITHMS,
};
const PREFIX = "countersign-";
const CURVES = { ES256: "P-256", ES384: "P-384", ES512: "P-521" } as const;

export async function createAzureKeyVaultBackend(options: AzureKeyVaultBackendOptions): Promise<KeyBackend> {
  const azure = await loadPeer(() => import("@azure/keyvault-keys"), {
    backend: BACKEND,
    peer: "@azure/keyvault-keys",
  });
  const credential = options.credential ?? (await createDefaultCredential());
  const clientOptions = {
    // Retries are ours, so that they end with the call, and nothing is made twice.
    retryOptions: { maxRetries: 0 },
    redirectOptions: { maxRetries: 0 },
    ...(options.ca !== undefined && { tlsOptions: { ca: options.ca } }),
  };
  const client = new azure.KeyClient(options.vaultUrl, credential, clientOptions);
  const createCryptography = (key: KeyVaultKey): CryptographyClient =>
    new azure.CryptographyClient(key, credential, clientOptions);
  return new AzureKeyVaultBackend({ client, createCryptography, options });
}

async function createDefaultCredential(): Promise<AzureCredential> {
  const { DefaultAzureCredential: Credential } = await loadPeer(() => import("@azure/identity"), {
    backend: BACKEND,
    peer: "@azure/identity",
  });
  return new Credential();
}

interface Setup {
  readonly client: KeyClient;
  readonly createCryptography: (key: KeyVaultKey) => CryptographyClient;
  readonly options: AzureKeyVaultBackendOptions;
}

class AzureKeyVaultBackend implements KeyBackend {
  readonly name = BACKEND;
  readonly #setup: Setup;
  readonly #calls: BoundedCalls;

  constructor(setup: Setup) {
    this.#setup = setup;
    this.#calls = new BoundedCalls(BACKEND, setup.options.limits);
  }

  async generate(request: KeyRequest): Promise<GeneratedKey> {
    checkRequest(request, BACK);
    const { label, algorithm } = request;
    const name = `${PREFIX}${label}`;
    if ((await this.#find({ name })) !== undefined) throw refuseLabel(label);
    const key = await this.#call(
      "generate",
      (abortSignal) => this.#create({ name, algorithm, abortSignal }),
      false,
    );
    const publicJwk = readKey(key, algorithm);
    const id = key.id ?? "";
    this.#parseId(id);
    return { reference: { backend: BACKEND, id, label, algorithm, keyId: publicJwk.kid }, publicJwk };
  }

  async open(reference: KeyReference): Promise<Signer> {
    checkReference(reference, BACK);
    const { id, algorithm } = reference;
    const key = await this.#find(this.#parseId(id));
    if (key === undefined) throw refuse("expected the key of the reference, found none");
    if (key.properties.enabled === false) throw refuse("expected the key enabled, found it disabled");
    if (key.id !== id)
      refuseAnswer({ backend: BACKEND, operation: "open" }, "the version that was asked for");
    const publicJwk = readKey(key, algorithm);
    const cryptography = this.#setup.createCryptography(key);
    return openSigner({
      reference,
      publicJwk,
      sign: (bytes) => this.#sign({ cryptography, reference }, bytes),
    });
  }

  async destroy(reference: KeyReference): Promise<void> {
    checkReference(reference, BACK);
    const { name, version } = this.#parseId(reference.id);
    if ((await this.#find({ name, version })) === undefined) return;
    await this.#call("destroy", async (abortSignal) => {
      await this.#setup.client.beginDeleteKey(name, { abortSignal, intervalInMs: 0 });
    });
  }

  close(): Promise<void> {
    this.#calls.close();
    return Promise.resolve();
  }

  async #sign(
    {
      cryptography,
      reference,
    }: { readonly cryptography: CryptographyClient; readonly reference: KeyReference },
    bytes: Uint8Array,
  ): Promise<Uint8Array> {
    const { id, algorithm } = reference;
    const operation = "sign";
    const digest = hashInput(algorithm, bytes);
    if (digest === undefined) throw refuse(`no digest is defined for ${algorithm}`);
    let answered: unknown;
    const { result } = await this.#call(operation, (abortSignal) =>
      cryptography.sign(algorithm as AzureAlgorithm, digest, {
        abortSignal,
        // The client gives back the key that it asked for; only the answer says which one signed.
        onResponse: ({ parsedBody }) => {
          answered = parsedBody;
        },
      }),
    );
    if (!isObject(answered) || answered["kid"] !== id || !(result instanceof Uint8Array)) {
      refuseAnswer({ backend: BACKEND, operation }, "a signature by the version that was asked for");
    }
    // ECDSA is two numbers of fixed length there already.
    return result;
  }

  #create({
    name,
    algorithm,
    abortSignal,
  }: {
    readonly name: string;
    readonly algorithm: SigningAlgorithm;
    readonly abortSignal: AbortSignal;
  }): Promise<KeyVaultKey> {
    const { client, options } = this.#setup;
    const { hsm = false, rsaBits: keySize = 2048 } = options;
    const common = { abortSignal, hsm, exportable: false, tags: { countersign: name } };
    const keyOps = ["sign" as const, "verify" as const];
    return algorithm.startsWith("ES")
      ? client.createEcKey(name, { ...common, keyOps, curve: CURVES[algorithm as keyof typeof CURVES] })
      : client.createRsaKey(name, { ...common, keyOps, keySize });
  }

  #find({
    name,
    version,
  }: {
    readonly name: string;
    readonly version?: string;
  }): Promise<KeyVaultKey | undefined> {
    return this.#call("read the key", async (abortSignal) => {
      try {
        return await this.#setup.client.getKey(name, {
          abortSignal,
          ...(version !== undefined && { version }),
        });
      } catch (error) {
        if (readAzureStatus(error) === 404) return undefined;
        throw error;
      }
    });
  }

  #call<T>(
    operation: string,
    send: (signal: AbortSignal) => Promise<T>,
    repeatable: boolean = true,
  ): Promise<T> {
    return this.#calls.run({
      operation,
      repeatable,
      attempt: async (signal) => {
        try {
          return await send(signal);
        } catch (error) {
          throw createAzureFault(operation, error);
        }
      },
    });
  }

  #parseId(id: string): { readonly name: string; readonly version: string } {
    const start = `${this.#setup.options.vaultUrl.replace(/\/$/, "")}/keys/`;
    const [name = "", version = "", ...rest] = id.startsWith(start) ? id.slice(start.length).split("/") : [];
    if (!/^[A-Za-z0-9-]{1,127}$/.test(name) || !/^[A-Za-z0-9]{1,64}$/.test(version) || rest.length > 0) {
      refuseId(BACKEND, `${start}NAME/VERSION`);
    }
    return { name, version };
  }
}

function readKey({ key }: KeyVaultKey, algorithm: SigningAlgorithm): GeneratedKey["publicJwk"] {
  if (key === undefined) refuseAnswer({ backend: BACKEND, operation: "read the key" }, "a public key");
  const encode = (octets: Uint8Array | undefined): string => Buffer.from(octets ?? []).toString("base64url");
  const { kty = "", crv = "", n, e, x, y } = key;
  const foreign = kty.startsWith("RSA")
    ? { kty: "RSA", n: encode(n), e: encode(e) }
    : { kty: "EC", crv, x: encode(x), y: encode(y) };
  return readPublicKey(foreign, { algorithm, backend: BACKEND });
}

function refuse(problem: string): SigningError {
  return new SigningError(`${BACKEND}: ${problem}`, { kind: "refused", backend: BACKEND });
}

function refuseLabel(label: string): SigningError {
  return refuse(`a key of the label ${label} exists already; take another label`);
}
