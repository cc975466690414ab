import { FollowedKeys } from "./followed-key-set.ts";
import { type KeySharing, OPEN_KEYS } from "./key-sharing.ts";
import type { KeySource } from "./key-source.ts";
import type { RemoteKeySetOptions } from "./remote-options.ts";
import type { KeyAnswer, KeyQuestion, SharedKeys } from "./shared-keys.ts";

export interface KeyFollowerOptions {
  /** Brings a question to the publisher's `answer`. May reject and may be late: then keys are refused as not to be had. */
  ask(question: KeyQuestion): Promise<readonly KeyAnswer[]>;
}

/** Fetches nothing. Give it to one validator as `keySharing`, with the same issuers as the publisher's. */
export interface KeyFollower extends KeySharing {
  /**
   * Takes over what the publisher's `onChange` told of an issuer; resolves once it is in force. Older versions, and
   * issuers that the validator does not have, change nothing. Tell an answer only after the changes that came before it.
   */
  accept(issuer: string, keys: SharedKeys): Promise<void>;
}

export function createKeyFollower({ ask }: KeyFollowerOptions): KeyFollower {
  const sources = new Map<string, FollowedKeys>();
  return {
    async accept(issuer, keys) {
      await sources.get(issuer)?.accept(keys);
    },
    [OPEN_KEYS](options: RemoteKeySetOptions): KeySource {
      const source = new FollowedKeys({ ...options, ask: async (question) => ask(question) });
      sources.set(options.name, source);
      return source;
    },
  };
}
