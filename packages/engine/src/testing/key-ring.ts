import type { AlgorithmName } from "../algorithms.ts";
import type { TestJwk, TestKey } from "./test-key.ts";
import { createTestKey } from "./test-key.ts";

export interface RotateOptions {
  /** Default the new key's thumbprint. An old key of this id leaves the set: same kid, new material. */
  readonly keyId?: string;
  /** Whether the old key stays published. Default true. */
  readonly keepOld?: boolean;
  /** Publishes the new key and goes on signing with the old one until `activate`. Default false. */
  readonly publishOnly?: boolean;
}

/** The keys of one issuer: which are published, which one of each algorithm signs. */
export class KeyRing {
  readonly algorithms: readonly AlgorithmName[];
  readonly #published = new Map<string, TestKey>();
  readonly #active = new Map<AlgorithmName, TestKey>();
  readonly #strangers = new Map<AlgorithmName, Promise<TestKey>>();

  private constructor(keys: readonly TestKey[]) {
    this.algorithms = keys.map(({ algorithm }) => algorithm);
    for (const key of keys) {
      this.#published.set(key.keyId, key);
      this.#active.set(key.algorithm, key);
    }
  }

  static async create(algorithms: readonly AlgorithmName[]): Promise<KeyRing> {
    return new KeyRing(await Promise.all([...new Set(algorithms)].map((name) => createTestKey(name))));
  }

  /** The key that signs. @throws RangeError for an algorithm that the issuer does not have. */
  active(algorithm: AlgorithmName | undefined = this.algorithms[0]): TestKey {
    const key = algorithm === undefined ? undefined : this.#active.get(algorithm);
    if (key !== undefined) return key;
    const known = this.algorithms.join(", ");
    throw new RangeError(`expected one of the issuer's algorithms (${known}), found ${String(algorithm)}`);
  }

  /** A key that is never published; made once for each algorithm. */
  stranger(algorithm: AlgorithmName): Promise<TestKey> {
    const known = this.#strangers.get(algorithm);
    if (known !== undefined) return known;
    const made = createTestKey(algorithm);
    this.#strangers.set(algorithm, made);
    return made;
  }

  jwks(): { readonly keys: readonly TestJwk[] } {
    const keys: TestJwk[] = [];
    for (const { publicJwk } of this.#published.values()) if (publicJwk !== undefined) keys.push(publicJwk);
    return { keys };
  }

  secrets(): readonly { readonly id: string; readonly bytes: Uint8Array }[] {
    const secrets: { readonly id: string; readonly bytes: Uint8Array }[] = [];
    for (const { keyId, secret } of this.#published.values()) {
      if (secret !== undefined) secrets.push({ id: keyId, bytes: secret });
    }
    return secrets;
  }

  async rotate(algorithm: AlgorithmName, options: RotateOptions = {}): Promise<string> {
    const old = this.active(algorithm);
    const { keyId } = options;
    const key = await createTestKey(algorithm, keyId === undefined ? {} : { keyId });
    if (options.keepOld === false) this.#published.delete(old.keyId);
    this.#published.set(key.keyId, key);
    if (options.publishOnly !== true) this.#active.set(algorithm, key);
    return key.keyId;
  }

  /** Signs with this published key from now on. @throws RangeError for a kid that is not published. */
  activate(keyId: string): void {
    const key = this.#published.get(keyId);
    if (key === undefined)
      throw new RangeError("expected the kid of a published key, found none of this kid");
    this.#active.set(key.algorithm, key);
  }

  /** Takes a key out of the set; if it signs, it goes on signing. Tells whether it was there. */
  remove(keyId: string): boolean {
    return this.#published.delete(keyId);
  }
}
