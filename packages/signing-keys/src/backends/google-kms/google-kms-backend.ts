/**
 * Google Cloud KMS by its REST API, with the credentials of Google's own authentication library. Google's client for KMS
 * speaks gRPC and brings a stack of its own for it; what is used here are six requests.
 */

import { ALGORITHMS, type HashName } from "countersign";
import type { GoogleAuth } from "google-auth-library";
import type { SigningAlgorithm } from "../../public-signing-jwk.ts";
import type { GeneratedKey, KeyBackend, KeyReference, KeyRequest, Signer } from "../../signer.ts";
import { SigningError } from "../../signing-error.ts";
import { BoundedCalls, type CallLimits, DEFAULT_CALL_LIMITS } from "../bounded-calls.ts";
import { checkReference, checkRequest, refuseId } from "../check-reference.ts";
import { decodeBase64 } from "../decode-base64.ts";
import { hashInput } from "../hash-input.ts";
import { type JsonAnswer, JsonHttp, type JsonRequest } from "../json-http.ts";
import { loadPeer } from "../load-peer.ts";
import { openSigner } from "../open-signer.ts";
import { readEcdsaSignature } from "../read-ecdsa-signature.ts";
import { readPublicKey } from "../read-public-key.ts";
import { createFault, readCode, refuseAnswer } from "../service-fault.ts";
import { computeCrc32c } from "./crc32c.ts";
import { GOOGLE_ALGORITHMS, isGoogleKeyFor, nameGoogleKey } from "./google-algorithms.ts";

export interface GoogleKmsBackendOptions {
  /** Such as "projects/p/locations/europe-west3/keyRings/r". */
  readonly keyRing: string;
  /** Default "SOFTWARE". */
  readonly protectionLevel?: "SOFTWARE" | "HSM";
  /** A file of credentials (service account, or workload identity federation). Default as Google's libraries find them. */
  readonly credentialsFile?: string;
  /** Another address than Google's own, such as a private endpoint's. */
  readonly endpoint?: string;
  /** Bits of RSA keys. Default 2048; algorithms with SHA-512 have 4096 in any case. */
  readonly rsaBits?: 2048 | 3072 | 4096;
  readonly limits?: CallLimits;
}

const BACKEND = "google-kms";
const BACK = { backend: BACKEND, algorithms: GOOGLE_ALGORITHMS };
const ENDPOINT = "https://cloudkms.googleapis.com";
const SCOPE = "https://www.googleapis.com/auth/cloudkms";
const PREFIX = "countersign-";
const ID =
  /^projects\/[^/]{1,64}\/locations\/[^/]{1,64}\/keyRings\/[^/]{1,64}\/cryptoKeys\/[^/]{1,80}\/cryptoKeyVersions\/[1-9]\d{0,8}$/;
const DIGEST_NAMES: Readonly<Record<HashName, string>> = {
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
};
/** Of a software key a moment, in an HSM some seconds. */
const POLL_PAUSE_MS = 250;
const NETWORK_FAULTS: ReadonlySet<string> = new Set(
  (
    "ECONNREFUSED ECONNRESET EPIPE ETIMEDOUT EHOSTUNREACH ENETUNREACH ENOTFOUND EAI_AGAIN UND_ERR_SOCKET " +
    "UND_ERR_CONNECT_TIMEOUT UND_ERR_HEADERS_TIMEOUT TimeoutError AbortError"
  ).split(" "),
);
const GONE: ReadonlySet<unknown> = new Set(["DESTROY_SCHEDULED", "DESTROYED"]);

export async function createGoogleKmsBackend(options: GoogleKmsBackendOptions): Promise<KeyBackend> {
  const { GoogleAuth: Auth } = await loadPeer(() => import("google-auth-library"), {
    backend: BACKEND,
    peer: "google-auth-library",
  });
  const { credentialsFile } = options;
  const auth = new Auth({
    scopes: [SCOPE],
    ...(credentialsFile !== undefined && { keyFilename: credentialsFile }),
  });
  return new GoogleKmsBackend(options, auth);
}

type GoogleCall = Pick<JsonRequest, "operation" | "method" | "body" | "expected"> & {
  /** After the version of the API: a resource's name, and what is done with it. */
  readonly path: string;
  readonly repeatable?: boolean;
};

class GoogleKmsBackend implements KeyBackend {
  readonly name = BACKEND;
  readonly #options: GoogleKmsBackendOptions;
  readonly #auth: GoogleAuth;
  readonly #calls: BoundedCalls;
  readonly #http: JsonHttp;

  constructor(options: GoogleKmsBackendOptions, auth: GoogleAuth) {
    this.#options = options;
    this.#auth = auth;
    const { timeoutMs, maxConcurrent } = { ...DEFAULT_CALL_LIMITS, ...options.limits };
    this.#calls = new BoundedCalls(BACKEND, options.limits);
    this.#http = new JsonHttp({ backend: BACKEND, timeoutMs, connections: maxConcurrent });
  }

  async generate(request: KeyRequest): Promise<GeneratedKey> {
    checkRequest(request, BACK);
    const { label, algorithm } = request;
    const { keyRing, protectionLevel = "SOFTWARE", rsaBits = 2048 } = this.#options;
    const name = `${PREFIX}${label}`;
    const { status } = await this.#call({
      operation: "generate",
      method: "POST",
      path: `${keyRing}/cryptoKeys?cryptoKeyId=${name}`,
      body: {
        purpose: "ASYMMETRIC_SIGN",
        versionTemplate: { algorithm: nameGoogleKey(algorithm, rsaBits), protectionLevel },
        labels: { countersign: label.slice(0, 63) },
      },
      expected: [409],
      repeatable: false,
    });
    if (status === 409)
      throw fail("refused", `a key of the label ${label} exists already; take another label`);
    const id = `${keyRing}/cryptoKeys/${name}/cryptoKeyVersions/1`;
    const publicJwk = await this.#readPublic(id, algorithm);
    return { reference: { backend: BACKEND, id, label, algorithm, keyId: publicJwk.kid }, publicJwk };
  }

  async open(reference: KeyReference): Promise<Signer> {
    const { id, algorithm } = check(reference);
    return openSigner({
      reference,
      publicJwk: await this.#readPublic(id, algorithm),
      sign: (bytes) => this.#sign(reference, bytes),
    });
  }

  async destroy(reference: KeyReference): Promise<void> {
    const { id } = check(reference);
    const state = await this.#readState(id);
    if (GONE.has(state)) return;
    await this.#call({ operation: "destroy", method: "POST", path: `${id}:destroy`, body: {} });
  }

  async close(): Promise<void> {
    this.#calls.close();
    await this.#http.close();
  }

  async #sign({ id, algorithm }: KeyReference, bytes: Uint8Array): Promise<Uint8Array> {
    const place = { backend: BACKEND, operation: "sign" };
    const { hash, family, signatureBytes = 0 } = ALGORITHMS[algorithm];
    const digest = hashInput(algorithm, bytes);
    const sent = digest ?? bytes;
    const encoded = Buffer.from(sent).toString("base64");
    const crc32c = String(computeCrc32c(sent));
    const { body } = await this.#call({
      operation: place.operation,
      method: "POST",
      path: `${id}:asymmetricSign`,
      body:
        hash === undefined
          ? { data: encoded, dataCrc32c: crc32c }
          : { digest: { [DIGEST_NAMES[hash]]: encoded }, digestCrc32c: crc32c },
    });
    const received = body[hash === undefined ? "verifiedDataCrc32c" : "verifiedDigestCrc32c"];
    if (received !== true) refuseAnswer(place, "word that what we sent arrived unchanged");
    if (body["name"] !== id) refuseAnswer(place, "a signature by the version of the key that was asked for");
    const signature = decodeBase64(body["signature"], "base64");
    if (signature === undefined || body["signatureCrc32c"] !== String(computeCrc32c(signature))) {
      return refuseAnswer(place, "a signature that arrived unchanged");
    }
    if (family !== "ecdsa") return signature;
    return (
      readEcdsaSignature(signature, signatureBytes / 2) ??
      refuseAnswer(place, `a signature in DER for ${algorithm}`)
    );
  }

  async #readPublic(id: string, algorithm: SigningAlgorithm): Promise<GeneratedKey["publicJwk"]> {
    const place = { backend: BACKEND, operation: "read the public key" };
    await this.#awaitEnabled(id);
    const { body } = await this.#call({ operation: place.operation, method: "GET", path: `${id}/publicKey` });
    const { pem, pemCrc32c, name, algorithm: kind } = body;
    if (name !== id || typeof pem !== "string")
      refuseAnswer(place, "the public half of the key that was asked for");
    if (pemCrc32c !== String(computeCrc32c(Buffer.from(pem))))
      refuseAnswer(place, "a key that arrived unchanged");
    if (!isGoogleKeyFor(algorithm, kind)) {
      throw fail("misconfigured", `expected a key version for ${algorithm}; name one that was made for it`);
    }
    return readPublicKey(pem, { algorithm, backend: BACKEND });
  }

  async #awaitEnabled(id: string): Promise<void> {
    const deadlineMs = performance.now() + (this.#options.limits?.timeoutMs ?? DEFAULT_CALL_LIMITS.timeoutMs);
    for (;;) {
      const state = await this.#readState(id);
      if (state === "ENABLED") return;
      if (state !== "PENDING_GENERATION") {
        throw fail(
          "refused",
          `expected the key version ENABLED, found it ${describeState(state)}; look at its state`,
        );
      }
      if (performance.now() > deadlineMs) {
        throw fail("unavailable", "the key is still being made; try again, or raise timeoutMs");
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_PAUSE_MS));
    }
  }

  async #readState(id: string): Promise<unknown> {
    const { body } = await this.#call({ operation: "read the key's state", method: "GET", path: id });
    return body["state"];
  }

  #call({ path, repeatable, ...call }: GoogleCall): Promise<JsonAnswer> {
    const base = (this.#options.endpoint ?? ENDPOINT).replace(/\/$/, "");
    return this.#calls.run({
      operation: call.operation,
      ...(repeatable !== undefined && { repeatable }),
      attempt: async (signal) =>
        this.#http.send({ ...call, url: `${base}/v1/${path}`, headers: await this.#authorize(), signal }),
    });
  }

  async #authorize(): Promise<Readonly<Record<string, string>>> {
    try {
      const headers = await this.#auth.getRequestHeaders();
      return Object.fromEntries(headers.entries());
    } catch (error) {
      // The library's errors hold its requests, and those hold assertions and secrets.
      const status = readStatus(error);
      const isPassing = status === undefined ? isNetworkFault(error) : status >= 500 || status === 429;
      throw createFault({
        backend: BACKEND,
        operation: "get credentials",
        status,
        code: readCode(error),
        kind: isPassing ? "unavailable" : "misconfigured",
      });
    }
  }
}

function check(reference: KeyReference): KeyReference {
  checkReference(reference, BACK);
  if (!ID.test(reference.id)) {
    refuseId(BACKEND, "projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/V");
  }
  return reference;
}

function readStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("status" in error)) return undefined;
  return typeof error.status === "number" ? error.status : undefined;
}

function isNetworkFault(error: unknown): boolean {
  return NETWORK_FAULTS.has(readCode(error));
}

function describeState(state: unknown): string {
  return typeof state === "string" && /^[A-Z_]{1,40}$/.test(state) ? state : "in none that is known";
}

function fail(kind: SigningError["kind"], problem: string): SigningError {
  return new SigningError(`${BACKEND}: ${problem}`, { kind, backend: BACKEND });
}
