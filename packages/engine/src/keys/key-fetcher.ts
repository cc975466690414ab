/** One fetch of an issuer's keys: where they are, the document, and its keys imported. */

import type { Algorithm } from "../algorithms.ts";
import { checkDiscoveryIssuer, discoverKeys } from "./discover-keys.ts";
import { type DocumentAnswer, type DocumentContext, fetchDocument } from "./fetch-document.ts";
import { failFetch, hasStatus, nameFetchFailure } from "./fetch-failure.ts";
import { parseFetchUrl } from "./fetch-url.ts";
import type { ImportedKeySet } from "./imported-key-set.ts";
import { importKeySet, KeySetError } from "./key-set.ts";
import { readJsonObject } from "./read-json-object.ts";
import type { KeysFrom, RemoteKeySettings } from "./remote-options.ts";

/** With these the key set is gone from its URL, and metadata may know where it went. */
const GONE: readonly number[] = [404, 410];

export interface FetchedKeys extends DocumentAnswer {
  /** May have no usable key: what to make of that depends on what is in memory. */
  readonly set: ImportedKeySet;
  /** The document as it came. */
  readonly text: string;
  readonly result: "success" | "not_modified";
  /** False where it is, byte for byte, the document of the fetch before. */
  readonly isNew: boolean;
  /** For people, such as that the keys moved to another host. */
  readonly note: string | undefined;
}

export interface KeyFetcherOptions extends DocumentContext {
  readonly issuer: string;
  readonly source: KeysFrom;
  readonly algorithms: readonly Algorithm[];
  readonly settings: RemoteKeySettings;
}

interface FetchRequest {
  /** Elapsed milliseconds. */
  readonly now: number;
  readonly signal: AbortSignal;
}

interface Location {
  readonly url: string;
  /** Whether the metadata was read just now. */
  readonly isNew: boolean;
  readonly note?: string | undefined;
}

type LastAnswer = Pick<FetchedKeys, "etag" | "text" | "set"> & { readonly url: string };

/**
 * Metadata is read again after `maxRefreshSeconds`, and when the key set is gone from where it was. While that
 * fails for want of an answer, the last URL is used for `maxStaleSeconds`; metadata that contradicts is obeyed at once.
 */
export class KeyFetcher {
  readonly #options: KeyFetcherOptions;
  #url: string | undefined;
  #readAt = 0;
  #last: LastAnswer | undefined;

  /** @throws TypeError where the URL or the issuer cannot be fetched from. */
  constructor(options: KeyFetcherOptions) {
    this.#options = options;
    const { issuer, source, settings } = options;
    if ("jwksUri" in source) {
      const url = parseFetchUrl(source.jwksUri, settings);
      if (!(url instanceof URL)) throw new TypeError(`jwksUri: ${url.problem}`);
      this.#url = url.href;
    } else {
      const problem = checkDiscoveryIssuer(issuer, settings);
      if (problem !== undefined) throw new TypeError(`issuer: ${problem}`);
    }
  }

  /** Rejects with what `nameFetchFailure` names. */
  async fetch(request: FetchRequest): Promise<FetchedKeys> {
    const location = await this.#locate(request);
    try {
      return await this.#fetchFrom(location, request.signal);
    } catch (error) {
      if (!hasStatus(error, GONE) || location.isNew || "jwksUri" in this.#options.source) throw error;
      const moved = await this.#discover(request);
      if (moved.url === location.url) throw error;
      return this.#fetchFrom(moved, request.signal);
    }
  }

  async #locate(request: FetchRequest): Promise<Location> {
    const { source, settings } = this.#options;
    const isYoung = request.now - this.#readAt < settings.maxRefreshSeconds * 1000;
    if (this.#url === undefined || !("jwksUri" in source || isYoung)) return this.#discover(request);
    return { url: this.#url, isNew: false };
  }

  async #discover({ now, signal }: FetchRequest): Promise<Location> {
    const { issuer, settings } = this.#options;
    const known = this.#url;
    try {
      const url = await discoverKeys({ issuer, signal }, this.#options);
      this.#url = url;
      this.#readAt = now;
      const [from, to] = [known ?? url, url].map((text) => new URL(text).host);
      const note =
        known === undefined || known === url ? undefined : `jwks_uri moved from host ${from} to host ${to}`;
      return { url, isNew: true, note };
    } catch (error) {
      const { result, detail } = nameFetchFailure(error, signal);
      const mayKeep = result !== "issuer_mismatch" && result !== "parse" && !signal.aborted;
      const isOld = now - this.#readAt >= settings.maxStaleSeconds * 1000;
      if (known === undefined || !mayKeep || isOld) throw error;
      return { url: known, isNew: false, note: `${detail}; the last known jwks_uri is used` };
    }
  }

  async #fetchFrom({ url, note }: Location, signal: AbortSignal): Promise<FetchedKeys> {
    const last = this.#last?.url === url ? this.#last : undefined;
    const answer = await fetchDocument({ url, etag: last?.etag, signal }, this.#options);
    if (answer.text === undefined && last !== undefined) {
      return { ...answer, set: last.set, text: last.text, result: "not_modified", isNew: false, note };
    }
    const { text = "", etag } = answer;
    const set = last?.text === text ? last.set : await importText(text, this.#options);
    // What has no usable key is not built upon: a 304 must never confirm it.
    if (set.hasUsableKeys) this.#last = { url, etag, text, set };
    return { ...answer, set, text, result: "success", isNew: set !== last?.set, note };
  }
}

/** A document's keys, each checked by itself. @throws FetchProblem where it is no JWK Set at all. */
export async function importText(
  text: string,
  { algorithms, settings }: Pick<KeyFetcherOptions, "algorithms" | "settings">,
): Promise<ImportedKeySet> {
  const document = readJsonObject(text);
  try {
    return await importKeySet(document, {
      algorithms,
      source: "fetched",
      maxKeys: settings.maxKeys,
    }).settle();
  } catch (error) {
    if (!(error instanceof KeySetError)) throw error;
    return failFetch(error.isTooLarge ? "too_large" : "parse", error.message);
  }
}
