import type { Signer } from "@countersign/signing-keys";

import type { SignAssertion } from "./sign-assertion.ts";

/** The keys that sign assertions. They outlive configurations, and are one process's: others ask it. */
export interface AssertionKeys {
  /** The one that signs now. Rejects where there is none. */
  current(): Promise<Signer>;
  /** Those under which a good assertion may be signed, now or soon. Rejects where they cannot be had. */
  publish(): Promise<PublishedKeySet>;
  close(): Promise<void>;
}

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
