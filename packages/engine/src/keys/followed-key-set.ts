/**
 * The keys of one issuer that another process fetches. Every document passes the same import as a fetched one.
 *
 * - What is in memory answers as it would there, for as long as the publisher said that it may.
 * - What only a fetch can tell is asked of the publisher, whose cooldown and negative memory are the machine's.
 * - A publisher that does not answer is a source that fails: the copy is used until `usableUntil`, no longer; a kid
 *   that it lacks is "keys_stale", for nobody has said that it is unknown.
 */

import type { EngineEvent } from "../ports.ts";
import { isKeyId } from "../token/key-id.ts";
import { ElapsedTime } from "./elapsed-time.ts";
import { addHeldKeys, listMissingKeys } from "./held-keys.ts";
import type { ImportedKeySet, SettledKeyLookup } from "./imported-key-set.ts";
import { importText } from "./key-fetcher.ts";
import { KeyInquirer } from "./key-inquirer.ts";
import { SLACK_MS } from "./key-refresher.ts";
import type { KeyLookup, KeyQuery, KeySource, RefusedLookup, VerificationKey } from "./key-source.ts";
import { NegativeCache } from "./negative-cache.ts";
import { MAX_WAITING_LOOKUPS } from "./remote-key-set.ts";
import type { RemoteKeySetOptions } from "./remote-options.ts";
import { settleWithin } from "./settle-within.ts";
import { type KeyAnswer, type KeyQuestion, NO_SHARED_KEYS, type SharedKeys } from "./shared-keys.ts";

/** What a question and its answer may take on their way, beyond what the fetch takes. */
const CHANNEL_MS = 500;
/** Where no fetch may start yet, the publisher is asked again for new material after this. */
const REPLACEMENT_PAUSE_MS = 1000;
/** How often a publisher that does not answer is asked whether it is there again. */
const PROBE_MS = 1000;

const FETCH_NEEDED: KeyLookup = { kind: "fetch_needed" };

type UnknownKeyOutcome = Extract<EngineEvent, { type: "unknown_key" }>["outcome"];

/** What was taken over, with its times on this process's own clock. */
interface Copy {
  readonly shared: SharedKeys;
  /** The last set, and the same with keys of the one before beside its own. */
  readonly fetched: ImportedKeySet | undefined;
  readonly joined: ImportedKeySet | undefined;
  /** Elapsed milliseconds. */
  readonly heldUntil: number;
  readonly freshUntil: number;
  readonly usableUntil: number;
  readonly recentUntil: number;
}

export type FollowedKeySetOptions = Omit<RemoteKeySetOptions, "fetch" | "store" | "source"> & {
  readonly ask: (question: KeyQuestion) => Promise<readonly KeyAnswer[]>;
};

export class FollowedKeys implements KeySource {
  readonly #options: FollowedKeySetOptions;
  readonly #elapsed: ElapsedTime;
  readonly #inquirer: KeyInquirer;
  readonly #timeoutMs: number;
  /** Kids of which the publisher has said that they are unknown; that holds while the copy is recent. */
  readonly #unknown = new NegativeCache();
  #copy: Copy = { ...NO_SHARED_KEYS, shared: NO_SHARED_KEYS, fetched: undefined, joined: undefined };
  #next: Omit<Copy, "fetched" | "joined"> | undefined;
  #adopting: Promise<void> | undefined;
  /** Whether the publisher let a question wait in vain and has said nothing since. */
  #isSilent = false;
  #probing: Promise<void> | undefined;
  /** Elapsed milliseconds. */
  #probeAt = 0;
  #waiting = 0;
  #replacing: Promise<void> | undefined;
  /** Elapsed milliseconds from which new material may be asked for. */
  #replacementAt = 0;
  #isClosed = false;

  constructor(options: FollowedKeySetOptions) {
    this.#options = options;
    this.#elapsed = new ElapsedTime(options.clock);
    this.#timeoutMs = options.settings.timeoutMs + SLACK_MS + CHANNEL_MS;
    this.#inquirer = new KeyInquirer((queries) => this.#ask("lookup", queries), this.#timeoutMs);
  }

  /** Takes over what the publisher tells; of several that come at once, the last. Never rejects. */
  accept(shared: SharedKeys): Promise<void> {
    this.#isSilent = false;
    if (this.#isClosed || shared.version < (this.#next ?? this.#copy).shared.version)
      return Promise.resolve();
    const offset = this.#elapsed.now() - this.#options.clock();
    this.#next = {
      shared,
      heldUntil: shared.heldUntil + offset,
      freshUntil: shared.freshUntil + offset,
      usableUntil: shared.usableUntil + offset,
      recentUntil: shared.recentUntil + offset,
    };
    this.#adopting ??= this.#adopt();
    return this.#adopting;
  }

  find(query: KeyQuery): KeyLookup {
    const now = this.#elapsed.now();
    const mayWait = !this.#isClosed && this.#waiting < MAX_WAITING_LOOKUPS;
    if (!this.#isServing(now)) return mayWait ? FETCH_NEEDED : this.#refuse("keys_unavailable");
    const lookup = this.#set(now)?.find(query) ?? this.#refuse("keys_unavailable");
    if (lookup.kind !== "refused" || lookup.reason !== "key_unknown") return lookup;
    const isProven = this.#unknown.recall(query) !== undefined && now < this.#copy.recentUntil;
    if (isProven || !isPublishable(query)) {
      this.#tell("negative_cached");
      return lookup;
    }
    if (mayWait && !this.#probe()) return FETCH_NEEDED;
    this.#tell("cooldown");
    return this.#refuse("keys_stale");
  }

  async resolve(query: KeyQuery): Promise<SettledKeyLookup> {
    const first = this.find(query);
    if (first.kind !== "fetch_needed") return first;
    const hadKeys = this.#isServing(this.#elapsed.now());
    // Text that no key set could have is nobody else's business.
    const inquiry = this.#inquirer.inquire(isPublishable(query) ? query : { ...query, keyId: undefined });
    const answer = await this.#wait(inquiry?.answer);
    if (inquiry?.isShared === true && hadKeys) this.#tell(nameOutcome(answer));
    if (answer?.kind === "refused") {
      if (answer.reason === "key_unknown") this.#unknown.remember(query, 0);
      return answer;
    }
    if (inquiry !== undefined) this.#isSilent ||= answer === undefined;
    await this.#wait(this.#adopting);
    return (
      this.#lookAgain(query, answer?.kind === "look") ??
      this.#refuse(hadKeys ? "keys_stale" : "keys_unavailable")
    );
  }

  /** Where the publisher has just looked, its copy answers, however late its word came. Without it nothing is unknown. */
  #lookAgain(query: KeyQuery, hasLooked: boolean): SettledKeyLookup | undefined {
    const now = this.#elapsed.now();
    const mayAnswer = this.#isServing(now) || (hasLooked && !this.#isClosed && now < this.#copy.usableUntil);
    const lookup = mayAnswer ? this.#set(now)?.find(query) : undefined;
    const isUnknown = lookup?.kind === "refused" && lookup.reason === "key_unknown";
    return isUnknown && isPublishable(query) ? undefined : lookup;
  }

  /** Whether the publisher is silent; asks it now and then in the background. */
  #probe(): boolean {
    if (!this.#isSilent) return false;
    const now = this.#elapsed.now();
    if (this.#probing !== undefined || now < this.#probeAt) return true;
    this.#probeAt = now + PROBE_MS;
    const asked = this.#ask("ready", []).catch(() => undefined);
    this.#probing = settleWithin(asked, this.#timeoutMs).then((answers) => {
      this.#isSilent &&= answers === undefined;
      this.#probing = undefined;
    });
    return true;
  }

  replacement(
    query: KeyQuery,
    failed: readonly VerificationKey[],
  ): Promise<readonly VerificationKey[]> | undefined {
    const now = this.#elapsed.now();
    const look = (): readonly VerificationKey[] => this.#findOthers(query, failed);
    const inMemory = look();
    if (inMemory.length > 0) return Promise.resolve(inMemory);
    const mayWait = !this.#isClosed && this.#waiting < MAX_WAITING_LOOKUPS && now < this.#copy.usableUntil;
    if (!mayWait || (this.#replacing === undefined && now < this.#replacementAt)) return undefined;
    this.#replacing ??= this.#askReplacement(query).finally(() => {
      this.#replacing = undefined;
    });
    return this.#wait(this.#replacing).then(look);
  }

  async ready(): Promise<void> {
    const isServing = (): boolean => this.#isServing(this.#elapsed.now());
    if (isServing()) return;
    const asked = this.#ask("ready", []).catch(() => []);
    const [answer] = (await settleWithin(asked, this.#timeoutMs)) ?? [];
    await this.#wait(this.#adopting);
    if (isServing()) return;
    const problem = answer?.kind === "refused" ? answer.detail : this.#describeProblem();
    throw new Error(`No usable keys of issuer "${this.#options.name}": ${problem}`);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#inquirer.close();
    return Promise.resolve();
  }

  #ask(about: KeyQuestion["about"], queries: KeyQuestion["queries"]): Promise<readonly KeyAnswer[]> {
    const { ask, name: issuer } = this.#options;
    return ask({ issuer, version: this.#copy.shared.version, about, queries });
  }

  async #askReplacement({ algorithm, keyId }: KeyQuery): Promise<void> {
    const { cooldownSeconds } = this.#options.settings;
    this.#replacementAt = this.#elapsed.now() + cooldownSeconds * 1000;
    const asked = this.#ask("replacement", [{ algorithm: algorithm.name, keyId }]).catch(() => []);
    const [answer] = (await settleWithin(asked, this.#timeoutMs)) ?? [];
    if (answer?.kind === "nothing") {
      const pauseMs = Math.min(REPLACEMENT_PAUSE_MS, cooldownSeconds * 1000);
      this.#replacementAt = this.#elapsed.now() + pauseMs;
    }
    await this.#adopting;
  }

  /** One document after the other; what cannot be imported changes nothing, and then time runs out for what is there. */
  async #adopt(): Promise<void> {
    for (let next = this.#next; next !== undefined; next = this.#next) {
      this.#next = undefined;
      try {
        this.#copy = { ...next, ...(await this.#import(next.shared.documents)) };
      } catch {
        // The publisher has these keys, so a defect of this process keeps it from having them too.
      }
    }
    this.#adopting = undefined;
  }

  async #import(documents: readonly string[]): Promise<Pick<Copy, "fetched" | "joined">> {
    const { shared, fetched: known, joined } = this.#copy;
    const [document, before] = documents;
    if (document === undefined || isEqual(documents, shared.documents)) return { fetched: known, joined };
    const isKnown = document === shared.documents[0] && known !== undefined;
    const fetched = isKnown ? known : await importText(document, this.#options);
    if (before === undefined) return { fetched, joined: fetched };
    const { algorithms } = this.#options;
    const missing = listMissingKeys(fetched, await importText(before, this.#options));
    return { fetched, joined: addHeldKeys(fetched, { missing, algorithms }) };
  }

  #set(now: number): ImportedKeySet | undefined {
    const { fetched, joined, heldUntil } = this.#copy;
    return now < heldUntil ? joined : fetched;
  }

  #isServing(now: number): boolean {
    const { fetched, shared, freshUntil, usableUntil } = this.#copy;
    if (this.#isClosed || fetched === undefined || now >= usableUntil) return false;
    return now < freshUntil || shared.isFailing || this.#probe();
  }

  #findOthers(query: KeyQuery, failed: readonly VerificationKey[]): readonly VerificationKey[] {
    const now = this.#elapsed.now();
    if (this.#isClosed || now >= this.#copy.usableUntil) return [];
    const lookup = this.#set(now)?.find(query);
    if (lookup?.kind !== "found") return [];
    return lookup.keys.filter(({ material }) => failed.every((key) => key.material !== material));
  }

  /** Counts who waits, so that they are never too many. */
  async #wait<T>(work: Promise<T> | undefined): Promise<T | undefined> {
    this.#waiting++;
    try {
      return await work;
    } finally {
      this.#waiting--;
    }
  }

  #refuse(reason: "keys_unavailable" | "keys_stale"): RefusedLookup {
    return { kind: "refused", reason, detail: this.#describeProblem(), retryAfterSeconds: 1 };
  }

  #describeProblem(): string {
    if (this.#isClosed) return "the key set was closed";
    return this.#isSilent ? "the process that fetches the keys does not answer" : this.#copy.shared.problem;
  }

  #tell(outcome: UnknownKeyOutcome): void {
    try {
      this.#options.observer?.({ type: "unknown_key", issuer: this.#options.name, outcome });
    } catch {
      // Watching never changes what happens.
    }
  }
}

function nameOutcome(answer: KeyAnswer | undefined): UnknownKeyOutcome {
  if (answer?.kind === "look") return "refetch_hit";
  return answer?.kind === "refused" && answer.reason === "key_unknown" ? "refetch_miss" : "cooldown";
}

function isEqual(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((text, index) => text === right[index]);
}

/** Import refuses keys with other kids, so that nobody could publish one. */
function isPublishable({ keyId }: KeyQuery): boolean {
  return keyId === undefined || isKeyId(keyId);
}
