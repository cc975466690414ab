import type { SignAssertion } from "./sign-assertion.ts";

/** Signs, and tells the keys: here, or in the process that has them. */
export interface AssertionHost {
  readonly sign: SignAssertion;
  /** Rejects where it cannot be had. */
  readKeySet(): Promise<PublishedKeySet>;
}

/** A key set as it is served. */
export interface PublishedKeySet {
  /** JSON: a JWK Set of public keys, never empty. */
  readonly body: string;
  /** How long a copy may be used. */
  readonly maxAgeSeconds: number;
}
