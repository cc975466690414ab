/** The default back end: each key in a file of its own, sealed under a passphrase, and opened in the memory of this process. */

import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import type { SigningAlgorithm } from "../../public-signing-jwk.ts";
import type { GeneratedKey, KeyBackend, KeyReference, KeyRequest, Signer } from "../../signer.ts";
import { SigningError } from "../../signing-error.ts";
import { BoundedCalls, type CallLimits } from "../bounded-calls.ts";
import { checkReference, checkRequest } from "../check-reference.ts";
import { openSigner } from "../open-signer.ts";
import { readPublicKey } from "../read-public-key.ts";
import { readSecret, type SecretReference } from "../secret-reference.ts";
import { KeyDirectory } from "./key-directory.ts";
import { createSign, generatePair, type KeyPair } from "./private-keys.ts";
import { parseSealedKey, SCRYPT_COSTS, sealKey, unsealKey } from "./sealed-key.ts";

export interface FileBackendOptions {
  /** Made with mode 0700 where it is missing. */
  readonly directory: string;
  /** At least 16 characters. */
  readonly passphrase: SecretReference;
  /** Bits of RSA keys. Default 2048. */
  readonly rsaBits?: 2048 | 3072 | 4096;
  /** scrypt's N. Default 131072, which takes 128 MiB and about half a second; 32768..262144, a power of two. */
  readonly scryptCost?: number;
  /** Of opening and making keys; signing is work of this process. Default 30000 ms, 2 at once, 64 waiting. */
  readonly limits?: CallLimits;
}

export const FILE_ALGORITHMS: readonly SigningAlgorithm[] = [
  ...(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const),
  ...(["ES256", "ES384", "ES512", "Ed25519", "Ed448"] as const),
  ...(["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"] as const),
];

const BACKEND = "file";
const LEAST_PASSPHRASE = 16;
const DEFAULT_LIMITS: CallLimits = { timeoutMs: 30_000, maxConcurrent: 2, maxQueued: 64 };

export function createFileBackend(options: FileBackendOptions): KeyBackend {
  return new FileBackend(options);
}

class FileBackend implements KeyBackend {
  readonly name = BACKEND;
  readonly #options: FileBackendOptions;
  readonly #directory: KeyDirectory;
  readonly #calls: BoundedCalls;
  /** Labels whose keys this process has destroyed: signers that are open end with them. */
  readonly #destroyed = new Set<string>();
  #isClosed = false;

  constructor(options: FileBackendOptions) {
    this.#options = options;
    this.#directory = new KeyDirectory(options.directory, BACKEND);
    this.#calls = new BoundedCalls(BACKEND, { ...DEFAULT_LIMITS, ...options.limits });
  }

  generate(request: KeyRequest): Promise<GeneratedKey> {
    return this.#calls.run({
      operation: "generate",
      repeatable: false,
      attempt: () => this.#generate(request),
    });
  }

  open(reference: KeyReference): Promise<Signer> {
    return this.#calls.run({ operation: "open", attempt: () => this.#open(reference) });
  }

  destroy(reference: KeyReference): Promise<void> {
    return this.#calls.run({ operation: "destroy", attempt: () => this.#destroy(reference) });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#calls.close();
    return Promise.resolve();
  }

  async #generate(request: KeyRequest): Promise<GeneratedKey> {
    checkRequest(request, { backend: BACKEND, algorithms: FILE_ALGORITHMS });
    const { label, algorithm } = request;
    const passphrase = await this.#readPassphrase();
    const { publicKey, privateKey } = await this.#generatePair(algorithm);
    const publicJwk = readPublicKey(publicKey.export({ format: "der", type: "spki" }), {
      algorithm,
      backend: BACKEND,
    });
    const der = privateKey.export({ format: "der", type: "pkcs8" });
    const sealed = await sealKey(
      { label, algorithm, publicJwk, privateKey: der },
      { passphrase, cost: this.#options.scryptCost ?? SCRYPT_COSTS.usual },
    );
    der.fill(0);
    if (!(await this.#directory.create(label, `${JSON.stringify(sealed, undefined, 2)}\n`))) {
      throw fail(
        "refused",
        `a key of the label ${label} exists already, or was destroyed; take another label`,
      );
    }
    return { reference: { backend: BACKEND, id: label, label, algorithm, keyId: publicJwk.kid }, publicJwk };
  }

  async #generatePair(algorithm: SigningAlgorithm): Promise<KeyPair> {
    try {
      return await generatePair(algorithm, this.#options.rsaBits ?? 2048);
    } catch {
      throw fail(
        "misconfigured",
        `this runtime's crypto has no ${algorithm}; ML-DSA needs Node 24.7 or later`,
      );
    }
  }

  async #open(reference: KeyReference): Promise<Signer> {
    const { label, algorithm } = this.#check(reference);
    if (await this.#directory.isDestroyed(label)) throw fail("refused", `the key ${label} was destroyed`);
    const text = await this.#directory.read(label);
    if (text === undefined) throw fail("refused", `expected a file of the key ${label}, found none`);
    const sealed = parseSealedKey(text);
    if (sealed?.label !== label || sealed.algorithm !== algorithm) {
      throw fail(
        "misconfigured",
        `the file of the key ${label} is not one that was written for it; restore it`,
      );
    }
    const der = await unsealKey(sealed, await this.#readPassphrase());
    if (der === undefined) {
      throw fail(
        "misconfigured",
        `the file of the key ${label} does not open: the passphrase is another one, or the file was changed`,
      );
    }
    const privateKey = importPrivateKey(der, label);
    der.fill(0);
    const signWith = createSign(algorithm, privateKey);
    return openSigner({
      reference,
      publicJwk: readPublicKey(exportPublic(privateKey), { algorithm, backend: BACKEND }),
      sign: async (bytes) => {
        if (this.#isClosed) throw fail("unavailable", "the back end was closed");
        if (this.#destroyed.has(label)) throw fail("refused", `the key ${label} was destroyed`);
        return signWith(bytes);
      },
    });
  }

  async #destroy(reference: KeyReference): Promise<void> {
    const { label } = this.#check(reference);
    const isKnown =
      (await this.#directory.isDestroyed(label)) || (await this.#directory.read(label)) !== undefined;
    // An empty directory in the place of the right one must not look like a key that is gone.
    if (!isKnown) throw fail("refused", `expected a file of the key ${label}, found none and no trace of it`);
    this.#destroyed.add(label);
    await this.#directory.destroy(label);
  }

  #check(reference: KeyReference): KeyReference {
    checkReference(reference, { backend: BACKEND, algorithms: FILE_ALGORITHMS });
    if (reference.id !== reference.label)
      throw fail("misconfigured", "expected a reference whose id is its label");
    return reference;
  }

  #readPassphrase(): Promise<string> {
    return readSecret(this.#options.passphrase, {
      backend: BACKEND,
      what: "a passphrase",
      leastLength: LEAST_PASSPHRASE,
    });
  }
}

function importPrivateKey(der: Buffer, label: string): KeyObject {
  try {
    return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  } catch {
    // The runtime's own error could hold the key.
    throw fail("misconfigured", `the key in the file of ${label} cannot be used by this runtime`);
  }
}

function exportPublic(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ format: "der", type: "spki" });
}

function fail(kind: SigningError["kind"], problem: string): SigningError {
  return new SigningError(`${BACKEND}: ${problem}`, { kind, backend: BACKEND });
}
