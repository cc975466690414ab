/** Keys in a token that speaks PKCS #11: made there, marked as never to leave it, and refused where they are not. */

import type { SigningAlgorithm } from "../../public-signing-jwk.ts";
import type { GeneratedKey, KeyBackend, KeyReference, KeyRequest, Signer } from "../../signer.ts";
import { SigningError } from "../../signing-error.ts";
import { BoundedCalls, type CallLimits } from "../bounded-calls.ts";
import { checkReference, checkRequest, refuseId } from "../check-reference.ts";
import { hashInput } from "../hash-input.ts";
import { openSigner } from "../open-signer.ts";
import { readPublicKey } from "../read-public-key.ts";
import type { SecretReference } from "../secret-reference.ts";
import {
  describePairing,
  describeSigning,
  listPublicAttributes,
  PKCS11_ALGORITHMS,
  readPublicAttributes,
} from "./pkcs11-algorithms.ts";
import { BACKEND, CKR, readReturnValue } from "./pkcs11-fault.ts";
import { type Attribute, CKA, CKO, type Handle } from "./pkcs11-library.ts";
import { Pkcs11Sessions } from "./pkcs11-sessions.ts";

export interface Pkcs11BackendOptions {
  /** Path of the module that the token's vendor provides, such as "/usr/lib/softhsm/libsofthsm2.so". */
  readonly module: string;
  /** The token's label. */
  readonly token: string;
  /** Of the token's user. */
  readonly pin: SecretReference;
  /** Bits of RSA keys. Default 2048. */
  readonly rsaBits?: 2048 | 3072 | 4096;
  /** Default 5000 ms, 4 sessions, 256 waiting. */
  readonly limits?: CallLimits;
}

const BACK = { backend: BACKEND, algorithms: PKCS11_ALGORITHMS };
const DEFAULT_SESSIONS = 4;
/** RSA of 8192 bits. */
const MAX_SIGNATURE_BYTES = 1024;
const ID = /^object=(?<label>[a-z0-9-]{1,64})$/;
/** What a template may be refused for where a curve can be written in another way. */
const CURVE_REFUSALS: ReadonlySet<number | undefined> = new Set([
  CKR.CURVE_NOT_SUPPORTED,
  CKR.DOMAIN_PARAMS_INVALID,
  CKR.ATTRIBUTE_VALUE_INVALID,
]);

export async function createPkcs11Backend(options: Pkcs11BackendOptions): Promise<KeyBackend> {
  const { module: modulePath, token: tokenLabel, pin, limits } = options;
  const maxSessions = limits?.maxConcurrent ?? DEFAULT_SESSIONS;
  const sessions = await Pkcs11Sessions.open({ modulePath, tokenLabel, pin, maxSessions });
  return new Pkcs11Backend(options, sessions);
}

class Pkcs11Backend implements KeyBackend {
  readonly name = BACKEND;
  readonly #sessions: Pkcs11Sessions;
  readonly #calls: BoundedCalls;
  readonly #rsaBits: number;

  constructor({ limits, rsaBits = 2048 }: Pkcs11BackendOptions, sessions: Pkcs11Sessions) {
    this.#sessions = sessions;
    this.#rsaBits = rsaBits;
    this.#calls = new BoundedCalls(BACKEND, { maxConcurrent: DEFAULT_SESSIONS, ...limits });
  }

  generate(request: KeyRequest): Promise<GeneratedKey> {
    return this.#call(
      "generate",
      (session) => {
        checkRequest(request, BACK);
        const { label, algorithm } = request;
        if (this.#find(session, { label, type: CKO.PRIVATE_KEY }).length > 0) {
          throw fail("refused", `a key of the label ${label} exists already; take another label`);
        }
        const publicKey = this.#generatePair(session, request);
        const publicJwk = this.#readPublic(session, { object: publicKey, algorithm });
        const id = `object=${label}`;
        return { reference: { backend: BACKEND, id, label, algorithm, keyId: publicJwk.kid }, publicJwk };
      },
      false,
    );
  }

  async open(reference: KeyReference): Promise<Signer> {
    const label = parseId(reference);
    const { algorithm } = reference;
    const publicJwk = await this.#call("open", (session) => {
      this.#findPrivate(session, label);
      const [object, ...others] = this.#find(session, { label, type: CKO.PUBLIC_KEY });
      if (object === undefined || others.length > 0) {
        throw fail(
          "refused",
          `expected one public key of the label ${label}, found ${object === undefined ? "none" : "more"}`,
        );
      }
      return this.#readPublic(session, { object, algorithm });
    });
    return openSigner({ reference, publicJwk, sign: (bytes) => this.#sign({ label, algorithm }, bytes) });
  }

  async destroy(reference: KeyReference): Promise<void> {
    const label = parseId(reference);
    await this.#call("destroy", (session) => {
      for (const type of [CKO.PRIVATE_KEY, CKO.PUBLIC_KEY]) {
        for (const object of this.#find(session, { label, type })) {
          this.#sessions.library.C_DestroyObject(session, object);
        }
      }
    });
  }

  async close(): Promise<void> {
    this.#calls.close();
    await this.#sessions.close();
  }

  #call<T>(
    operation: string,
    work: (session: Handle) => T | Promise<T>,
    repeatable: boolean = true,
  ): Promise<T> {
    return this.#calls.run({ operation, repeatable, attempt: () => this.#sessions.use(operation, work) });
  }

  #sign(
    { label, algorithm }: { readonly label: string; readonly algorithm: SigningAlgorithm },
    bytes: Uint8Array,
  ): Promise<Uint8Array> {
    const { library, pssParameters } = this.#sessions;
    const { mechanism, takesDigest } = describeSigning(algorithm, pssParameters);
    const input = Buffer.from((takesDigest ? hashInput(algorithm, bytes) : undefined) ?? bytes);
    return this.#call("sign", async (session) => {
      // Looked up each time: a key that was destroyed, here or by the token's officer, signs nothing more.
      library.C_SignInit(session, mechanism, this.#findPrivate(session, label));
      return library.C_SignAsync(session, input, Buffer.alloc(MAX_SIGNATURE_BYTES));
    });
  }

  /** The one private key of the label, which has never been able to leave the token. */
  #findPrivate(session: Handle, label: string): Handle {
    const [object, ...others] = this.#find(session, { label, type: CKO.PRIVATE_KEY });
    if (object === undefined || others.length > 0) {
      throw fail(
        "refused",
        `expected one private key of the label ${label}, found ${object === undefined ? "none" : "more"}`,
      );
    }
    const types = [CKA.EXTRACTABLE, CKA.SENSITIVE, CKA.NEVER_EXTRACTABLE, CKA.ALWAYS_SENSITIVE];
    const [isExtractable, ...isKept] = this.#readAttributes(session, { object, types }).map(isTrue);
    if (isExtractable !== false || !isKept.every((value) => value === true)) {
      throw fail("refused", `the key ${label} can leave the token, or once could; make another one`);
    }
    return object;
  }

  #find(session: Handle, { label, type }: { readonly label: string; readonly type: number }): Handle[] {
    const { library } = this.#sessions;
    library.C_FindObjectsInit(session, [
      { type: CKA.CLASS, value: type },
      { type: CKA.TOKEN, value: true },
      { type: CKA.LABEL, value: label },
    ]);
    try {
      return library.C_FindObjects(session, 2);
    } finally {
      library.C_FindObjectsFinal(session);
    }
  }

  #readAttributes(
    session: Handle,
    { object, types }: { readonly object: Handle; readonly types: readonly number[] },
  ): unknown[] {
    const wanted = types.map((type) => ({ type }));
    return this.#sessions.library.C_GetAttributeValue(session, object, wanted).map(({ value }) => value);
  }

  #readPublic(
    session: Handle,
    { object, algorithm }: { readonly object: Handle; readonly algorithm: SigningAlgorithm },
  ): GeneratedKey["publicJwk"] {
    const types = listPublicAttributes(algorithm);
    const jwk = readPublicAttributes(algorithm, this.#readAttributes(session, { object, types }));
    return readPublicKey(jwk ?? {}, { algorithm, backend: BACKEND });
  }

  #generatePair(session: Handle, { label, algorithm }: KeyRequest): Handle {
    const { mechanism, parameters, keyType } = describePairing(algorithm, this.#rsaBits);
    const common: readonly Attribute[] = [
      { type: CKA.TOKEN, value: true },
      { type: CKA.LABEL, value: label },
      { type: CKA.ID, value: Buffer.from(label) },
      { type: CKA.KEY_TYPE, value: keyType },
    ];
    const privateTemplate: readonly Attribute[] = [
      ...common,
      { type: CKA.PRIVATE, value: true },
      { type: CKA.SENSITIVE, value: true },
      { type: CKA.EXTRACTABLE, value: false },
      { type: CKA.SIGN, value: true },
      { type: CKA.DECRYPT, value: false },
      { type: CKA.UNWRAP, value: false },
    ];
    for (const [index, parameter] of parameters.entries()) {
      const publicTemplate = [...common, { type: CKA.VERIFY, value: true }, ...parameter];
      try {
        return this.#sessions.library.C_GenerateKeyPair(session, mechanism, publicTemplate, [
          ...privateTemplate,
        ]).publicKey;
      } catch (error) {
        const isLast = index === parameters.length - 1;
        if (isLast || !CURVE_REFUSALS.has(readReturnValue(error))) throw error;
      }
    }
    throw fail("misconfigured", `has no keys for ${algorithm}`);
  }
}

function parseId(reference: KeyReference): string {
  checkReference(reference, BACK);
  const label = ID.exec(reference.id)?.groups?.["label"];
  return label ?? refuseId(BACKEND, "object=LABEL");
}

/** CK_BBOOL: one octet. */
function isTrue(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  return Buffer.isBuffer(value) && value.length === 1 ? value[0] === 1 : undefined;
}

function fail(kind: SigningError["kind"], problem: string): SigningError {
  return new SigningError(`${BACKEND}: ${problem}`, { kind, backend: BACKEND });
}
