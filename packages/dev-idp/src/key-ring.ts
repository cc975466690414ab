/** The provider's signing keys and their lives: published, then signing, then retired, then removed. */

import { generateKeyPair, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import type { ExternalSigningKey, JWK } from "oidc-provider";
import type { DevSigningAlgorithm } from "./signing-algorithm.ts";

/** "published": in the JWKS, not signing yet. "retired": still in the JWKS, no longer signing. */
export type DevKeyState = "published" | "signing" | "retired";

/** A key as reports name it; never its material. */
export interface DevKeySummary {
  readonly kid: string;
  readonly algorithm: DevSigningAlgorithm;
  readonly state: DevKeyState;
}

interface RingKey extends DevKeySummary {
  readonly jwk: JWK;
}

/** Most keys held at once, so that a script that only ever publishes finds out. */
export const MAX_KEYS = 16;

const generate = promisify(generateKeyPair);

async function generatePrivateJwk(algorithm: DevSigningAlgorithm): Promise<JWK> {
  switch (algorithm) {
    case "ES256":
      return (await generate("ec", { namedCurve: "P-256" })).privateKey.export({ format: "jwk" });
    case "ES384":
      return (await generate("ec", { namedCurve: "P-384" })).privateKey.export({ format: "jwk" });
    case "RS256":
    case "PS256":
      return (await generate("rsa", { modulusLength: 2048 })).privateKey.export({ format: "jwk" });
    case "Ed25519":
      return (await generate("ed25519")).privateKey.export({ format: "jwk" });
  }
}

async function createKey(algorithm: DevSigningAlgorithm, state: DevKeyState): Promise<RingKey> {
  // Random, so that a restart never shows new material under a kid that someone has cached.
  const kid = `${algorithm.toLowerCase()}-${randomBytes(4).toString("hex")}`;
  const jwk = { ...(await generatePrivateJwk(algorithm)), kid, alg: algorithm, use: "sig" };
  return { kid, algorithm, state, jwk };
}

/** A JWK Set (RFC 7517 section 5) without private members. */
export interface PublicJwks {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

/** The keys of this moment, as the provider asks for them. */
export interface SigningKeys {
  /** Signs access tokens. */
  readonly algorithm: DevSigningAlgorithm;
  /** The kid that signs access tokens. */
  readonly signingKid: string;
  summaries(): readonly DevKeySummary[];
  /** For oidc-provider, the signing ones first: where nothing names a kid, it takes the first that fits. */
  providerJwks(): { readonly keys: (JWK | ExternalSigningKey)[] };
  /** The public halves of all of them. */
  publicJwks(): PublicJwks;
  /** Whether somebody else holds the private halves. */
  readonly isForeign: boolean;
  /** No token may live longer; undefined where nothing counts on it. */
  readonly maxLifetimeSeconds: number | undefined;
  /** `max-age` of the JWKS; undefined where the provider's options say it. */
  readonly jwksMaxAgeSeconds: number | undefined;
}

export class KeyRing implements SigningKeys {
  /** Signs access tokens; its keys are the ones that rotate. */
  readonly algorithm: DevSigningAlgorithm;
  readonly isForeign = false;
  readonly maxLifetimeSeconds = undefined;
  readonly jwksMaxAgeSeconds = undefined;
  #keys: readonly RingKey[];
  #isPublishing = false;

  private constructor(algorithm: DevSigningAlgorithm, keys: readonly RingKey[]) {
    this.algorithm = algorithm;
    this.#keys = keys;
  }

  /** One signing key for `algorithm`, and one each for ES256 and RS256 (ID tokens, OpenID Connect Core 15.1). */
  static async create(algorithm: DevSigningAlgorithm): Promise<KeyRing> {
    const algorithms = new Set<DevSigningAlgorithm>([algorithm, "ES256", "RS256"]);
    return new KeyRing(
      algorithm,
      await Promise.all([...algorithms].map((name) => createKey(name, "signing"))),
    );
  }

  /** Adds the next key: it is in the JWKS from now on, and signs nothing. */
  async publish(): Promise<DevKeySummary> {
    if (this.#isPublishing || this.#keys.some(({ state }) => state === "published")) {
      throw new Error("A published key is still waiting; activate it before another is published");
    }
    if (this.#keys.length >= MAX_KEYS) {
      throw new Error(`The provider holds ${MAX_KEYS} keys; remove the old ones before another is published`);
    }
    this.#isPublishing = true;
    try {
      const key = await createKey(this.algorithm, "published");
      this.#keys = [...this.#keys, key];
      return summarize(key);
    } finally {
      this.#isPublishing = false;
    }
  }

  /** The published key signs from now on; the one before is retired, and stays in the JWKS. */
  activate(): DevKeySummary {
    const next = this.#keys.find(({ state }) => state === "published");
    if (next === undefined)
      throw new Error("No key is published and waiting; publish one before activating it");
    this.#keys = this.#keys.map((key) => {
      if (key === next) return { ...key, state: "signing" };
      return key.algorithm === this.algorithm && key.state === "signing" ? { ...key, state: "retired" } : key;
    });
    return summarize({ ...next, state: "signing" });
  }

  /** Takes every retired key out of the JWKS; their tokens are worth nothing from then on. */
  removeRetired(): readonly DevKeySummary[] {
    const removed = this.#keys.filter(({ state }) => state === "retired");
    this.#keys = this.#keys.filter(({ state }) => state !== "retired");
    return removed.map(summarize);
  }

  /** The kid that signs access tokens. */
  get signingKid(): string {
    const key = this.#keys.find(
      ({ algorithm, state }) => algorithm === this.algorithm && state === "signing",
    );
    if (key === undefined) throw new Error(`No ${this.algorithm} key signs`);
    return key.kid;
  }

  summaries(): readonly DevKeySummary[] {
    return this.#keys.map(summarize);
  }

  providerJwks(): { keys: JWK[] } {
    const order: readonly DevKeyState[] = ["signing", "published", "retired"];
    const sorted = this.#keys.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
    return { keys: sorted.map(({ jwk }) => ({ ...jwk })) };
  }

  publicJwks(): PublicJwks {
    return { keys: this.#keys.map(({ jwk }) => takePublicHalf(jwk)) };
  }
}

function takePublicHalf({ kty, kid, alg, use, crv, x, y, n, e }: JWK): Readonly<Record<string, unknown>> {
  return {
    kty,
    kid,
    alg,
    use,
    ...(n === undefined ? { crv, x, ...(y === undefined ? {} : { y }) } : { n, e }),
  };
}

function summarize({ kid, algorithm, state }: DevKeySummary): DevKeySummary {
  return { kid, algorithm, state };
}
