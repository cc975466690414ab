import type { AlgorithmName } from "../algorithms.ts";
import type { Clock } from "../ports.ts";
import type { JsonObject } from "../token/json-value.ts";
import { encodeBase64url, toBytes } from "./encode-base64url.ts";
import { signParts } from "./sign-token.ts";
import { createTestKey, type TestJwk, type TestKey } from "./test-key.ts";

/** The request that a proof is made for. */
export interface ProvedRequest {
  /** The access token; without one the proof has no `ath`, as at a token endpoint. */
  readonly token?: string;
  readonly method: string;
  readonly url: string;
  /** The nonce that the server gave. */
  readonly nonce?: string;
}

/** What is to be different from a good proof; a member that is undefined is taken away. */
export interface ProofChanges {
  readonly header?: JsonObject;
  readonly claims?: JsonObject;
  /** Signs with this key; the `jwk` of the header stays the client's. */
  readonly key?: TestKey;
}

/** A client with a key of its own that proves its possession (RFC 9449). */
export interface DpopClient {
  readonly key: TestKey;
  /** The key's thumbprint, for the `cnf` of its tokens. */
  readonly jkt: string;
  /** The members that RFC 7638 hashes. */
  readonly publicJwk: TestJwk;
  /** Seconds since the epoch, by the client's clock. */
  readonly nowSeconds: number;
  /** Makes a proof with a fresh `jti`. */
  prove(request: ProvedRequest, changes?: ProofChanges): Promise<string>;
}

export interface DpopClientOptions {
  /** Default ES256. */
  readonly algorithm?: AlgorithmName;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: Clock;
  /** Bits of an RSA modulus. Default 2048. */
  readonly modulusBits?: number;
}

/**
 * Creates a client that makes DPoP proofs.
 *
 *     const client = await createDpopClient({ clock });
 *     const token = await issuer.sign({ cnf: { jkt: client.jkt } });
 *     const proof = await client.prove({ token, method: "GET", url: "https://api.test/orders" });
 */
export async function createDpopClient(options: DpopClientOptions = {}): Promise<DpopClient> {
  const { algorithm = "ES256", clock = Date.now, modulusBits } = options;
  const key = await createTestKey(algorithm, modulusBits === undefined ? {} : { modulusBits });
  const publicJwk = Object.freeze(readPublicMembers(key));
  const readSeconds = (): number => Math.floor(clock() / 1000);
  return Object.freeze({
    key,
    jkt: key.keyId,
    publicJwk,
    get nowSeconds() {
      return readSeconds();
    },
    prove: async (request: ProvedRequest, changes: ProofChanges = {}) => {
      const { token, method, url, nonce } = request;
      const header = { typ: "dpop+jwt", alg: algorithm, jwk: publicJwk, ...changes.header };
      const claims = {
        jti: crypto.randomUUID(),
        htm: method,
        htu: url.replace(/[?#].*$/, ""),
        iat: readSeconds(),
        ath: token === undefined ? undefined : await hashToken(token),
        nonce,
        ...changes.claims,
      };
      const parts = { headerText: JSON.stringify(header), payloadText: JSON.stringify(claims) };
      return signParts(parts, changes.key ?? key);
    },
  });
}

/** `ath`: SHA-256 of the token's ASCII in base64url (RFC 9449 section 4.2). */
export async function hashToken(token: string): Promise<string> {
  return encodeBase64url(new Uint8Array(await crypto.subtle.digest("SHA-256", toBytes(token))));
}

/** Without `kid` and `use`, which are no part of the key, and without `alg` where RFC 7638 does not hash it. */
function readPublicMembers({ publicJwk }: TestKey): TestJwk {
  if (publicJwk === undefined) throw new TypeError("expected an asymmetric algorithm for proofs, found HMAC");
  const { kid: _, use: __, alg = "", ...members } = publicJwk;
  return members["kty"] === "AKP" ? { ...members, alg } : members;
}
