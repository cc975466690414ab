/** Tells which JWTs are ours: the engine itself, with the keys of this moment. */

import { createValidator, type Validator, type VerifiedToken } from "countersign";
import type { PublicJwks } from "./key-ring.ts";

/** Who binds or revokes is asked elsewhere, and a second here is a second: nothing is tolerated of our own clock. */
const UNBOUND = { presentation: "unchecked", revocationFreshness: "unchecked" } as const;

export class OwnTokens {
  readonly #issuer: string;
  readonly #readKeys: () => PublicJwks;
  #validator: Validator | undefined;

  constructor(issuer: string, readKeys: () => PublicJwks) {
    this.#issuer = issuer;
    this.#readKeys = readKeys;
  }

  /** The token where it is a good access token of ours, for whatever audience. Whether it was revoked is not asked. */
  async verify(text: string): Promise<VerifiedToken | undefined> {
    // Made at the first question: most providers are never asked.
    this.#validator ??= createValidator({
      issuers: [
        {
          issuer: this.#issuer,
          audiences: "unchecked",
          algorithms: ["ES256", "ES384", "RS256", "PS256", "Ed25519"],
          keys: { jwks: this.#readKeys() },
          profile: "rfc9068",
          clockToleranceSeconds: 0,
          maxLifetimeSeconds: "unchecked",
        },
      ],
    });
    const verdict = await this.#validator.validate(text, UNBOUND);
    return verdict.ok ? verdict.token : undefined;
  }

  /** Forgets the keys; the next question takes those of then. Keys that are given inline hold nothing open. */
  renew(): void {
    this.#validator = undefined;
  }
}
