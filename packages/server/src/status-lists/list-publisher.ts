/** Makes the status lists of one issuer from the revocations in force, and keeps each for a part of its time. */

import { createHash } from "node:crypto";
import { setImmediate as yieldToOthers } from "node:timers/promises";
import { promisify } from "node:util";
import { deflate } from "node:zlib";
import type { RevocationList } from "countersign";

import type { PublishedListConfiguration } from "../config/published-lists-configuration.ts";
import type { IndexedToken, StatusIndexStore } from "../stores/status-index-store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import { type ListSigner, signStatusList } from "./list-signer.ts";

export interface ListPublisherSetup {
  readonly configuration: PublishedListConfiguration;
  /** The exact `iss`. @throws Error where a reload took the issuer away. */
  issuer(): string;
  readonly store: StatusIndexStore;
  readonly signer: ListSigner;
  readonly revocations: {
    readonly list: RevocationList;
    readonly hasStarted: boolean;
    /** Of the newest revocation that the list has. */
    readonly position: number;
  };
  readonly clock: () => number;
  readonly logger: OperationalLog;
  readonly metrics: Pick<Metrics, "recordPublishing">;
}

export interface PublishedList {
  readonly text: string;
  /** With its quotes. */
  readonly etag: string;
  /** For how long others may use it before they ask again. */
  readonly maxAgeSeconds: number;
}

/** The feed of revocations is lost: a list that is made now might say "valid" of what was revoked. */
export class FeedLostError extends Error {
  override readonly name = "FeedLostError";
}

interface Built {
  readonly text: string;
  readonly etag: string;
  readonly issuedAtSeconds: number;
  /** The revocations that it was made from. */
  readonly position: number;
  /** When it was made, by `performance.now()`, and what that took. */
  readonly builtMs: number;
  readonly costMs: number;
}

/** Each token has one of four statuses: valid, invalid, suspended, and one that is not used (section 7.1). */
const BITS = 2;
const VALUES = { revoked: 1, suspended: 2 } as const;
const PER_OCTET = 8 / BITS;
/** However often it is asked for, making lists takes no more of the time than one part in so many. */
const COST_SHARE = 10;
const LEAST_PAUSE_MS = 500;

const compress = promisify(deflate);

export class ListPublisher {
  readonly #setup: ListPublisherSetup;
  readonly #built = new Map<number, Built>();
  readonly #building = new Map<number, Promise<Built>>();
  /** Tokens given an index since the lists were made: those lists do not know them. */
  #allocations = 0;
  readonly #allocationsOf = new WeakMap<Built, number>();

  constructor(setup: ListPublisherSetup) {
    this.#setup = setup;
  }

  get configuration(): PublishedListConfiguration {
    return this.#setup.configuration;
  }

  nameList(number: number): string {
    return `${this.#setup.configuration.uri}/${number}`;
  }

  noteAllocation(): void {
    this.#allocations += 1;
  }

  listNumbers(): Promise<readonly number[]> {
    return this.#setup.store.listLists(this.#setup.issuer());
  }

  /**
   * Undefined where there is no such list. While the feed is lost no list is given, not one that was made before either:
   * whoever has that goes on with it for as long as it chose to.
   *
   * @throws FeedLostError, StoreUnavailableError, or what the signer threw
   */
  async read(number: number): Promise<PublishedList | undefined> {
    const built = this.#built.get(number);
    if (built !== undefined && this.#mayServe(built)) return this.#describe(built);
    try {
      if (built === undefined && !(await this.listNumbers()).includes(number)) return undefined;
      return this.#describe(await this.#build(number));
    } catch (error) {
      this.#tell(error);
      throw error;
    }
  }

  /** Whether nothing that happened since would change it, or it was made so recently that this has to wait. */
  #mayServe(built: Built): boolean {
    const { clock, configuration, revocations } = this.#setup;
    const ageMs = clock() - built.issuedAtSeconds * 1000;
    if (!revocations.list.isFresh() || ageMs < 0 || this.#leftSeconds(built) <= 0) return false;
    if (performance.now() - built.builtMs < Math.max(LEAST_PAUSE_MS, built.costMs * COST_SHARE)) return true;
    const isSame =
      built.position === revocations.position && this.#allocationsOf.get(built) === this.#allocations;
    return isSame && ageMs < (configuration.ttlSeconds * 1000) / 2;
  }

  #leftSeconds({ issuedAtSeconds }: Built): number {
    return Math.floor(issuedAtSeconds + this.#setup.configuration.ttlSeconds - this.#setup.clock() / 1000);
  }

  #describe(built: Built): PublishedList {
    return { text: built.text, etag: built.etag, maxAgeSeconds: Math.max(0, this.#leftSeconds(built)) };
  }

  /** One at a time for all who ask. */
  #build(number: number): Promise<Built> {
    const known = this.#building.get(number);
    if (known !== undefined) return known;
    const building = this.#buildAnew(number).finally(() => this.#building.delete(number));
    this.#building.set(number, building);
    return building;
  }

  async #buildAnew(number: number): Promise<Built> {
    const { configuration, revocations, signer, clock, metrics } = this.#setup;
    const startedMs = performance.now();
    this.#requireFeed();
    // Of before, as everything else: what comes meanwhile is for the next list.
    const { position } = revocations;
    const allocations = this.#allocations;
    const issuedAtSeconds = Math.floor(clock() / 1000);
    const octets = await this.#fill(number);
    this.#requireFeed();
    const { ttlSeconds, lifetimeSeconds } = configuration;
    const claims = {
      sub: this.nameList(number),
      iss: this.#setup.issuer(),
      iat: issuedAtSeconds,
      exp: issuedAtSeconds + lifetimeSeconds,
      ttl: ttlSeconds,
      status_list: { bits: BITS, lst: (await compress(octets, { level: 9 })).toString("base64url") },
    };
    const text = await signStatusList(claims, signer);
    const etag = `"${createHash("sha256").update(text).digest("base64url")}"`;
    const builtMs = performance.now();
    const built = { text, etag, issuedAtSeconds, position, builtMs, costMs: builtMs - startedMs };
    this.#allocationsOf.set(built, allocations);
    this.#keep(number, built);
    metrics.recordPublishing({ issuer: configuration.issuer, result: "built" });
    return built;
  }

  /** @throws FeedLostError */
  #requireFeed(): void {
    const { hasStarted, list } = this.#setup.revocations;
    if (!hasStarted || !list.isFresh()) throw new FeedLostError("the feed of revocations is lost");
  }

  async #fill(number: number): Promise<Uint8Array> {
    const { store, revocations } = this.#setup;
    const issuer = this.#setup.issuer();
    // Larger where the configuration had a larger one when the list was begun.
    let octets = new Uint8Array(this.#setup.configuration.capacity / PER_OCTET);
    for await (const page of store.readPages(issuer, number)) {
      for (const { index, token } of page) {
        const status = revocations.list.find({ claims: describeClaims(issuer, token), keyId: token.kid });
        const place = Math.floor(index / PER_OCTET);
        if (place >= octets.length) octets = growTo(octets, place + 1);
        if (status === undefined) continue;
        octets[place] = (octets[place] ?? 0) | (VALUES[status] << ((index % PER_OCTET) * BITS));
      }
      await yieldToOthers();
    }
    return octets;
  }

  /** The lists that are asked for; those of which all tokens expired are asked for by nobody. */
  #keep(number: number, built: Built): void {
    this.#built.set(number, built);
    for (const [other, each] of this.#built) {
      if (this.#leftSeconds(each) <= 0) this.#built.delete(other);
    }
  }

  #tell(error: unknown): void {
    const { configuration, logger, metrics } = this.#setup;
    const { issuer } = configuration;
    const result = error instanceof FeedLostError ? "stale" : "failed";
    metrics.recordPublishing({ issuer, result });
    if (result === "failed") logger.error({ err: error, issuer }, "a status list could not be made");
  }
}

function describeClaims(
  iss: string,
  { jti, sub, sid, client_id, iat }: IndexedToken,
): Readonly<Record<string, unknown>> {
  return { iss, jti, sub, sid, client_id, iat };
}

function growTo(octets: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(length, octets.length * 2));
  larger.set(octets);
  return larger;
}
