/**
 * The seam by which one process fetches an issuer's keys for many. Its two ends are `createKeyPublisher` and
 * `createKeyFollower`; what goes between them is plain data, so that any channel can carry it.
 */

import type { KeySource } from "./key-source.ts";
import type { RemoteKeySetOptions } from "./remote-options.ts";

/** Only the engine has this name: whoever shares keys, shares documents, and their keys pass every check of import. */
export const OPEN_KEYS: unique symbol = Symbol("open keys");

/** For `ValidatorOptions.keySharing`: a publisher, or a follower. Give each validator its own. */
export interface KeySharing {
  [OPEN_KEYS](options: RemoteKeySetOptions): KeySource;
}
