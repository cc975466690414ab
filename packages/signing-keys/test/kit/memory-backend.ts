/** A back end whose keys live in this process: real signatures, and failures on request. */

import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import {
  createPublicJwk,
  type GeneratedKey,
  type KeyBackend,
  type KeyReference,
  type KeyRequest,
  type PublicKeyMembers,
  type Signer,
  SigningError,
} from "@countersign/signing-keys";

export class MemoryBackend implements KeyBackend {
  readonly name: string;
  readonly keys: Map<string, { readonly made: GeneratedKey; readonly privateKey: KeyObject }> = new Map();
  readonly destroyed: string[] = [];
  /** Thrown by the next call of `generate`, before it makes a key or after. */
  failing: { readonly error: Error; readonly after: boolean } | undefined;

  constructor(name: string = "memory") {
    this.name = name;
  }

  async generate({ label, algorithm }: KeyRequest): Promise<GeneratedKey> {
    const { failing } = this;
    this.failing = undefined;
    if (failing?.after === false) throw failing.error;
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const publicJwk = createPublicJwk(algorithm, publicKey.export({ format: "jwk" }) as PublicKeyMembers);
    const reference = { backend: this.name, label, algorithm, id: label, keyId: publicJwk.kid };
    const made = { reference, publicJwk };
    this.keys.set(label, { made, privateKey });
    if (failing !== undefined) throw failing.error;
    return made;
  }

  async open({ id, keyId, algorithm }: KeyReference): Promise<Signer> {
    const key = this.keys.get(id);
    if (key === undefined || key.made.publicJwk.kid !== keyId) {
      throw new SigningError("there is no such key", { kind: "refused", backend: this.name });
    }
    const { publicJwk } = key.made;
    return {
      algorithm,
      keyId,
      publicJwk,
      sign: async (bytes) => sign("sha256", bytes, { key: key.privateKey, dsaEncoding: "ieee-p1363" }),
    };
  }

  async destroy({ id, keyId }: KeyReference): Promise<void> {
    this.keys.delete(id);
    this.destroyed.push(keyId);
  }

  async close(): Promise<void> {}
}
