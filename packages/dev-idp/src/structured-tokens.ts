/**
 * JWT access tokens as introspection, revocation and exchange know them. oidc-provider keeps nothing of a JWT and takes
 * none at its endpoints; here each one is held in the store from its issue to its end, so that it can be taken back.
 */

import { randomBytes } from "node:crypto";
import type { Adapter } from "oidc-provider";
import { keyOf, keyOfStructured, type MemoryStore } from "./memory-store.ts";
import type { OwnTokens } from "./own-tokens.ts";

/** What oidc-provider is about to sign. */
interface IssuedToken {
  readonly kind: string;
  readonly clientId?: string | undefined;
  readonly accountId?: string | undefined;
  readonly grantId?: string | undefined;
  readonly gty?: string | undefined;
  readonly scope?: string | undefined;
  readonly extra?: object | undefined;
  readonly jkt?: string | undefined;
  readonly "x5t#S256"?: string | undefined;
}

type Claims = Readonly<Record<string, unknown>>;

/** JWTs begin so: the encoding of `{"`. */
const JWT_START = /^eyJ[\w-]*\.[\w-]*\.[\w-]*$/;

export class StructuredTokens {
  readonly #store: MemoryStore;
  /** Unguessable, so that the id of a JWT, which many know, opens nothing. */
  readonly #secret = `${randomBytes(32).toString("base64url")}~`;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  /** Holds a JWT by the claims that it is signed with. One that is over already is not held. */
  hold(token: IssuedToken, claims: Claims): void {
    const { jti, iat, exp, aud } = claims;
    if (typeof jti !== "string" || typeof exp !== "number" || exp * 1000 <= Date.now()) return;
    const { kind, clientId, accountId, grantId, gty, scope, extra, jkt, "x5t#S256": thumbprint } = token;
    const payload = {
      jti,
      kind,
      exp,
      ...dropUndefined({
        iat,
        aud,
        clientId,
        accountId,
        grantId,
        gty,
        scope,
        extra,
        jkt,
        "x5t#S256": thumbprint,
      }),
    };
    this.#store.set(kind, { key: keyOfStructured(jti), payload, expiresAtMs: exp * 1000 });
  }

  /** An adapter that finds JWTs by their handles, and takes them back by their ids. */
  adapt(model: string, adapter: Adapter): Adapter {
    return {
      ...adapter,
      find: async (id) => {
        const tokenId = this.#readHandle(id);
        return tokenId === undefined ? adapter.find(id) : this.#store.get(model, keyOfStructured(tokenId));
      },
      destroy: async (id) => {
        if (this.#store.get(model, keyOfStructured(id)) === undefined) return adapter.destroy(id);
        this.#store.revoke(model, keyOfStructured(id));
      },
    };
  }

  /**
   * What oidc-provider's models find a token by: an opaque one by itself, one of our JWTs by a handle. Whatever looks
   * like a JWT and is not a good one of ours leads to nothing.
   */
  async findableOf(text: string, own: OwnTokens): Promise<string> {
    if (!JWT_START.test(text)) return text.startsWith(this.#secret) ? "" : text;
    const verified = await own.verify(text);
    return `${this.#secret}${verified?.claims.jti ?? ""}`;
  }

  /** The key in the store of what `findableOf` gave. */
  keyOf(findable: string): string {
    const tokenId = this.#readHandle(findable);
    return tokenId === undefined ? keyOf("AccessToken", findable) : keyOfStructured(tokenId);
  }

  #readHandle(id: string): string | undefined {
    return id.startsWith(this.#secret) ? id.slice(this.#secret.length) : undefined;
  }
}

function dropUndefined(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
