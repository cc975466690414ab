/** The one seam between the life of a key and the place that holds its private half. */

import type { PublicSigningJwk, SigningAlgorithm } from "./public-signing-jwk.ts";

/** Signs with one version of one key. Made by `KeyBackend.open`; may be used by many callers at once. */
export interface Signer {
  readonly algorithm: SigningAlgorithm;
  /** The header's `kid`, as in `publicJwk`. */
  readonly keyId: string;
  readonly publicJwk: PublicSigningJwk;
  /**
   * The signature of these octets in the form of RFC 7518 (ECDSA: r and s in fixed length, never DER). A JWS passes
   * its signing input; hashing is the back end's work. Ends within the back end's time limit.
   * @throws SigningError
   */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface KeyRequest {
  /**
   * Unique and never used again: 1 to 64 of `a-z 0-9 -`. Back ends that name keys use it as the name or label, so that
   * a key that a crash left behind can be told. Not the `kid`, which follows from the key.
   */
  readonly label: string;
  readonly algorithm: SigningAlgorithm;
}

/** Where a key is found again; kept in the store of states as JSON. Holds no secret. */
export interface KeyReference extends KeyRequest {
  /** The name of the back end that made it. */
  readonly backend: string;
  /** The back end's own name for the key, its version pinned where keys have versions; at most 1024 characters. */
  readonly id: string;
  /** The `kid`: the thumbprint of the public half, so that it can never mean another key (`createPublicJwk`). */
  readonly keyId: string;
}

export interface GeneratedKey {
  readonly reference: KeyReference;
  readonly publicJwk: PublicSigningJwk;
}

/** A place that makes keys and signs with them. Stateless: what it must know of a key stands in the reference. */
export interface KeyBackend {
  /** As in `KeyReference.backend`, such as "file" or "aws-kms". */
  readonly name: string;
  /** Makes a key. Rejects with kind "refused" where one of this `label` exists: it never answers another caller's key. */
  generate(request: KeyRequest): Promise<GeneratedKey>;
  /**
   * Ready to sign: the key exists, is of the algorithm, has the thumbprint `keyId`, and has just signed something that its public half verified.
   * @throws SigningError
   */
  open(reference: KeyReference): Promise<Signer>;
  /** Makes the private half useless for good (or schedules that, where the service has no other way). Twice is the same as once. */
  destroy(reference: KeyReference): Promise<void>;
  /** Releases sessions and sockets; nothing can be signed afterwards. */
  close(): Promise<void>;
}
