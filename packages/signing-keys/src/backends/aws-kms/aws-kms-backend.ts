/** AWS KMS, through Amazon's own client. A key has one version there; the reference pins its ARN, never an alias. */

import type { KMSClient, SigningAlgorithmSpec } from "@aws-sdk/client-kms";
import { ALGORITHMS } from "countersign";
import type { SigningAlgorithm } from "../../public-signing-jwk.ts";
import type { GeneratedKey, KeyBackend, KeyReference, KeyRequest, Signer } from "../../signer.ts";
import { SigningError } from "../../signing-error.ts";
import { BoundedCalls, type CallLimits, DEFAULT_CALL_LIMITS } from "../bounded-calls.ts";
import { checkReference, checkRequest, refuseId } from "../check-reference.ts";
import { hashInput } from "../hash-input.ts";
import { loadPeer } from "../load-peer.ts";
import { openSigner } from "../open-signer.ts";
import { readEcdsaSignature } from "../read-ecdsa-signature.ts";
import { readPublicKey } from "../read-public-key.ts";
import { refuseAnswer } from "../service-fault.ts";
import { AWS_ALGORITHMS, AWS_KEYS, chooseKeySpec } from "./aws-algorithms.ts";
import { BACKEND, createAwsFault } from "./aws-fault.ts";

export interface AwsKmsBackendOptions {
  /** Such as "eu-central-1". */
  readonly region: string;
  /** Another address than the region's own, such as a VPC endpoint's. */
  readonly endpoint?: string;
  /** Bits of RSA keys. Default 2048. */
  readonly rsaBits?: 2048 | 3072 | 4096;
  /** Days between destroying a key and its end, in which it can be restored by hand. Default 30; 7..30. */
  readonly deletionDays?: number;
  readonly limits?: CallLimits;
}

const ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]{1,64}$/;
const ALIAS_PREFIX = "alias/countersign/";
/** Of a message that is not hashed first. */
const MAX_RAW_BYTES = 4096;
const BACK = { backend: BACKEND, algorithms: AWS_ALGORITHMS };

/** Credentials are found as Amazon's clients find them: environment, profile, web identity, instance role. */
export async function createAwsKmsBackend(options: AwsKmsBackendOptions): Promise<KeyBackend> {
  const aws = await loadPeer(() => import("@aws-sdk/client-kms"), {
    backend: BACKEND,
    peer: "@aws-sdk/client-kms",
  });
  const { timeoutMs, maxConcurrent } = { ...DEFAULT_CALL_LIMITS, ...options.limits };
  const client = new aws.KMSClient({
    region: options.region,
    ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
    // Retries are ours, so that they end with the call, and nothing is made twice.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      httpAgent: { maxSockets: maxConcurrent },
      httpsAgent: { maxSockets: maxConcurrent },
    },
  });
  return new AwsKmsBackend({ aws, client, options });
}

interface Setup {
  readonly aws: typeof import("@aws-sdk/client-kms");
  readonly client: KMSClient;
  readonly options: AwsKmsBackendOptions;
}

class AwsKmsBackend implements KeyBackend {
  readonly name = BACKEND;
  readonly #aws: Setup["aws"];
  readonly #client: KMSClient;
  readonly #options: AwsKmsBackendOptions;
  readonly #calls: BoundedCalls;

  constructor({ aws, client, options }: Setup) {
    this.#aws = aws;
    this.#client = client;
    this.#options = options;
    this.#calls = new BoundedCalls(BACKEND, options.limits);
  }

  async generate(request: KeyRequest): Promise<GeneratedKey> {
    checkRequest(request, BACK);
    const { label, algorithm } = request;
    const alias = `${ALIAS_PREFIX}${label}`;
    if (await this.#hasAlias(alias)) throw refuseLabel(label);
    const id = await this.#create(request);
    try {
      await this.#name(alias, { id, label });
      const publicJwk = await this.#readPublic(id, algorithm);
      return { reference: { backend: BACKEND, id, label, algorithm, keyId: publicJwk.kid }, publicJwk };
    } catch (error) {
      // A key that nobody has a reference to would only cost money.
      await this.#scheduleDeletion(id).catch(() => undefined);
      throw error;
    }
  }

  async open(reference: KeyReference): Promise<Signer> {
    const { id, algorithm } = this.#check(reference);
    return openSigner({
      reference,
      publicJwk: await this.#readPublic(id, algorithm),
      sign: (bytes) => this.#sign(reference, bytes),
    });
  }

  async destroy(reference: KeyReference): Promise<void> {
    await this.#scheduleDeletion(this.#check(reference).id);
  }

  close(): Promise<void> {
    this.#calls.close();
    this.#client.destroy();
    return Promise.resolve();
  }

  #check(reference: KeyReference): KeyReference {
    checkReference(reference, BACK);
    if (!ARN.test(reference.id)) refuseId(BACKEND, "arn:aws:kms:REGION:ACCOUNT:key/ID");
    return reference;
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
          throw createAwsFault(operation, error);
        }
      },
    });
  }

  #hasAlias(alias: string): Promise<boolean> {
    const command = new this.#aws.DescribeKeyCommand({ KeyId: alias });
    return this.#call("look for the label", async (abortSignal) => {
      try {
        await this.#client.send(command, { abortSignal });
        return true;
      } catch (error) {
        if (error instanceof Error && error.name === "NotFoundException") return false;
        throw error;
      }
    });
  }

  async #create({ label, algorithm }: KeyRequest): Promise<string> {
    const operation = "generate";
    const command = new this.#aws.CreateKeyCommand({
      KeySpec: chooseKeySpec(algorithm, this.#options.rsaBits ?? 2048),
      KeyUsage: "SIGN_VERIFY",
      Description: `Countersign signing key ${label}`,
      Tags: [{ TagKey: "countersign-label", TagValue: label }],
    });
    const answer = await this.#call(
      operation,
      (abortSignal) => this.#client.send(command, { abortSignal }),
      false,
    );
    const arn = answer.KeyMetadata?.Arn;
    if (arn === undefined || !ARN.test(arn))
      refuseAnswer({ backend: BACKEND, operation }, "the ARN of a key");
    return arn;
  }

  async #name(alias: string, { id, label }: { readonly id: string; readonly label: string }): Promise<void> {
    const command = new this.#aws.CreateAliasCommand({ AliasName: alias, TargetKeyId: id });
    await this.#call(
      "name the key",
      async (abortSignal) => {
        try {
          await this.#client.send(command, { abortSignal });
        } catch (error) {
          if (error instanceof Error && error.name === "AlreadyExistsException") throw refuseLabel(label);
          throw error;
        }
      },
      false,
    );
  }

  async #readPublic(id: string, algorithm: SigningAlgorithm): Promise<GeneratedKey["publicJwk"]> {
    const operation = "read the public key";
    const command = new this.#aws.GetPublicKeyCommand({ KeyId: id });
    const answer = await this.#call(operation, (abortSignal) => this.#client.send(command, { abortSignal }));
    if (answer.KeyId !== id || answer.PublicKey === undefined) {
      refuseAnswer({ backend: BACKEND, operation }, "the public half of the key that was asked for");
    }
    return readPublicKey(answer.PublicKey, { algorithm, backend: BACKEND });
  }

  async #sign({ id, algorithm }: KeyReference, bytes: Uint8Array): Promise<Uint8Array> {
    const operation = "sign";
    const SigningAlgorithm = AWS_KEYS[algorithm]?.signing as SigningAlgorithmSpec;
    const digest = hashInput(algorithm, bytes);
    if (digest === undefined && bytes.length > MAX_RAW_BYTES) {
      throw new SigningError(
        `${BACKEND}: sign: AWS KMS takes at most ${MAX_RAW_BYTES} octets for ${algorithm}, found ${bytes.length}; issue smaller tokens, or use ES256`,
        { kind: "refused", backend: BACKEND },
      );
    }
    const command = new this.#aws.SignCommand({
      KeyId: id,
      Message: digest ?? bytes,
      MessageType: digest === undefined ? "RAW" : "DIGEST",
      SigningAlgorithm,
    });
    const answer = await this.#call(operation, (abortSignal) => this.#client.send(command, { abortSignal }));
    const { Signature: signature } = answer;
    if (answer.KeyId !== id || answer.SigningAlgorithm !== SigningAlgorithm || signature === undefined) {
      refuseAnswer(
        { backend: BACKEND, operation },
        "a signature of the key and algorithm that were asked for",
      );
    }
    const { family, signatureBytes = 0 } = ALGORITHMS[algorithm];
    if (family !== "ecdsa") return signature;
    const raw = readEcdsaSignature(signature, signatureBytes / 2);
    return raw ?? refuseAnswer({ backend: BACKEND, operation }, `a signature in DER for ${algorithm}`);
  }

  #scheduleDeletion(id: string): Promise<void> {
    const command = new this.#aws.ScheduleKeyDeletionCommand({
      KeyId: id,
      PendingWindowInDays: this.#options.deletionDays ?? 30,
    });
    return this.#call("destroy", async (abortSignal) => {
      try {
        await this.#client.send(command, { abortSignal });
      } catch (error) {
        if (!(await this.#isGone(error, { id, abortSignal }))) throw error;
      }
    });
  }

  /** Whether the key could not be destroyed because it already was. */
  async #isGone(
    error: unknown,
    { id, abortSignal }: { readonly id: string; readonly abortSignal: AbortSignal },
  ): Promise<boolean> {
    if (!(error instanceof Error) || error.name !== "KMSInvalidStateException") return false;
    const command = new this.#aws.DescribeKeyCommand({ KeyId: id });
    const { KeyMetadata } = await this.#client.send(command, { abortSignal });
    return KeyMetadata?.KeyState === "PendingDeletion";
  }
}

function refuseLabel(label: string): SigningError {
  return new SigningError(`${BACKEND}: a key of the label ${label} exists already; take another label`, {
    kind: "refused",
    backend: BACKEND,
  });
}
