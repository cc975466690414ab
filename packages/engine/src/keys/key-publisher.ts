/** The end that fetches: runs the remote key sets of a validator, tells what they have, and looks for others. */

import { findAlgorithm } from "../algorithms.ts";
import { type KeySharing, OPEN_KEYS } from "./key-sharing.ts";
import type { KeyQuery, KeySource } from "./key-source.ts";
import { createRemoteKeySet } from "./remote-key-set.ts";
import type { CopyState, RemoteKeySetOptions } from "./remote-options.ts";
import {
  type KeyAnswer,
  type KeyQuestion,
  MAX_QUERIES,
  NO_SHARED_KEYS,
  type SharedKeyQuery,
  type SharedKeys,
} from "./shared-keys.ts";

export interface KeyPublisherOptions {
  /** Called with an issuer's alias and its keys after each change: a fetch that brought, confirmed or failed. */
  onChange(issuer: string, keys: SharedKeys): void;
}

/** Fetches for others. Give it to one validator as `keySharing`; closing that validator ends the fetches. */
export interface KeyPublisher extends KeySharing {
  /** The keys of every issuer whose keys are fetched, by alias. */
  read(): ReadonlyMap<string, SharedKeys>;
  /**
   * Looks for followers as for the process's own lookups: cooldown, negative memory and bounds are one for all.
   * Takes as long as a fetch may take. Never rejects; gives one answer for each query, or one where there is none.
   */
  answer(question: KeyQuestion): Promise<readonly KeyAnswer[]>;
}

export function createKeyPublisher(options: KeyPublisherOptions): KeyPublisher {
  return new Publisher(options);
}

const LOOK: KeyAnswer = Object.freeze({ kind: "look" });
const NOTHING: KeyAnswer = Object.freeze({ kind: "nothing" });
const REFUSED: KeyAnswer = Object.freeze({
  kind: "refused",
  reason: "keys_unavailable",
  detail: "the keys of this issuer are not published",
});

class Publisher implements KeyPublisher {
  readonly #options: KeyPublisherOptions;
  readonly #keys = new Map<string, SharedKeys>();
  readonly #sources = new Map<string, KeySource>();

  constructor(options: KeyPublisherOptions) {
    this.#options = options;
  }

  read(): ReadonlyMap<string, SharedKeys> {
    return this.#keys;
  }

  [OPEN_KEYS](options: RemoteKeySetOptions): KeySource {
    const { name, clock } = options;
    const onCopyChange = (copy: CopyState, now: number, problem: string): void => {
      const version = (this.#keys.get(name)?.version ?? 0) + 1;
      const keys = describeCopy(copy, { version, problem, epoch: clock() - now });
      this.#keys.set(name, keys);
      this.#options.onChange(name, keys);
    };
    const source = createRemoteKeySet({ ...options, onCopyChange });
    this.#keys.set(name, NO_SHARED_KEYS);
    this.#sources.set(name, source);
    return source;
  }

  async answer({ issuer, version, about, queries }: KeyQuestion): Promise<readonly KeyAnswer[]> {
    const source = this.#sources.get(issuer);
    if (source === undefined || queries.length > MAX_QUERIES) return [REFUSED];
    if (about === "ready") return [await answerReady(source)];
    const isBehind = version < (this.#keys.get(issuer)?.version ?? 0);
    return Promise.all(
      queries.map(async (query) => {
        const read = readQuery(query);
        if (read === undefined) return REFUSED;
        if (about === "lookup") return answerLookup(source, read);
        return isBehind ? LOOK : answerReplacement(source, read);
      }),
    );
  }
}

function readQuery({ algorithm: name, keyId }: SharedKeyQuery): KeyQuery | undefined {
  const algorithm = findAlgorithm(name);
  return algorithm && { algorithm, keyId };
}

async function answerReady(source: KeySource): Promise<KeyAnswer> {
  try {
    await source.ready();
    return LOOK;
  } catch (error) {
    const detail = error instanceof Error ? error.message : "failed without saying why";
    return { kind: "refused", reason: "keys_unavailable", detail };
  }
}

async function answerLookup(source: KeySource, query: KeyQuery): Promise<KeyAnswer> {
  const lookup = await source.resolve(query);
  return lookup.kind === "refused" && lookup.reason !== "key_unsuitable" ? lookup : LOOK;
}

/** The keys that the follower failed with are those that it has, and where it is not behind, those are ours. */
async function answerReplacement(source: KeySource, query: KeyQuery): Promise<KeyAnswer> {
  const current = source.find(query);
  const keys = source.replacement(query, current.kind === "found" ? current.keys : []);
  if (keys === undefined) return NOTHING;
  await keys;
  return LOOK;
}

/** `epoch` is when the copy's own time was 0, in milliseconds since the epoch. */
function describeCopy(
  copy: CopyState,
  { version, problem, epoch }: { readonly version: number; readonly problem: string; readonly epoch: number },
): SharedKeys {
  return Object.freeze({
    version,
    documents: Object.freeze([...copy.documents]),
    heldUntil: epoch + (copy.heldUntil ?? 0),
    freshUntil: epoch + copy.expiresAt,
    usableUntil: epoch + (copy.usableUntil ?? 0),
    recentUntil: epoch + copy.recentUntil,
    isFailing: copy.isFailing,
    problem,
  });
}
