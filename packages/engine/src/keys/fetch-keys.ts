/** One fetch of an issuer's keys: where they are, the document, and its keys imported. */

import type { Algorithm } from "../algorithms.ts";
import {
  type AnswerHeaders,
  type DocumentContext,
  type FetchFailure,
  fetchDocument,
} from "./fetch-document.ts";
import type { ImportedKeySet } from "./imported-key-set.ts";
import { KeyLocation, type Location, type LocationOptions } from "./key-location.ts";
import { importKeySet } from "./key-set.ts";
import { readKeySetDocument } from "./read-key-document.ts";

const ACCEPT = "application/jwk-set+json, application/json";
/** With these the key set is gone from its URL, and metadata may know where it went. */
const GONE: readonly (number | undefined)[] = [404, 410];

export interface FetchedKeys extends AnswerHeaders {
  readonly result: "success" | "not_modified";
  /** May have no usable key: what to make of that depends on what is in memory. */
  readonly set: ImportedKeySet;
  /** The document as it came. */
  readonly text: string;
  /** False where it is, byte for byte, the document of the fetch before. */
  readonly isNew: boolean;
  readonly note: string | undefined;
}

export interface KeyFetcherOptions extends LocationOptions {
  readonly algorithms: readonly Algorithm[];
}

interface LastAnswer {
  readonly url: string;
  readonly etag: string | undefined;
  readonly text: string;
  readonly set: ImportedKeySet;
}

export class KeyFetcher {
  readonly #options: KeyFetcherOptions;
  readonly #context: DocumentContext;
  readonly #location: KeyLocation;
  #last: LastAnswer | undefined;

  /** @throws TypeError where the configured URL cannot be fetched from. */
  constructor(options: KeyFetcherOptions, context: DocumentContext) {
    this.#options = options;
    this.#context = context;
    this.#location = new KeyLocation(options, context);
  }

  /** Where the keys are, once known. */
  get url(): string | undefined {
    return this.#location.url;
  }

  /** Never rejects. `now` in elapsed milliseconds. */
  async fetch(request: {
    readonly now: number;
    readonly signal: AbortSignal;
  }): Promise<FetchedKeys | FetchFailure> {
    const location = await this.#location.find({ ...request, again: false });
    if (location.result !== "success") return location;
    const answer = await this.#fetchFrom(location, request.signal);
    const isGone = "detail" in answer && GONE.includes(answer.status);
    if (!isGone || location.isNew || "jwksUri" in this.#options.source) return answer;
    const moved = await this.#location.find({ ...request, again: true });
    if (moved.result !== "success") return moved;
    return moved.url === location.url ? answer : this.#fetchFrom(moved, request.signal);
  }

  async #fetchFrom({ url, note }: Location, signal: AbortSignal): Promise<FetchedKeys | FetchFailure> {
    const last = this.#last?.url === url ? this.#last : undefined;
    const answer = await fetchDocument({ url, accept: ACCEPT, etag: last?.etag, signal }, this.#context);
    if (!("freshnessSeconds" in answer)) return answer;
    if (answer.result === "not_modified") {
      if (last === undefined) return { result: "parse", detail: "expected status 200, found 304" };
      return { ...answer, set: last.set, text: last.text, isNew: false, note };
    }
    const { text } = answer;
    const set = last?.text === text ? last.set : await importText(text, this.#options);
    if ("result" in set) return set;
    // What has no usable key is not built upon: a 304 must never confirm it.
    if (set.hasUsableKeys) this.#last = { url, etag: answer.etag, text, set };
    return { ...answer, set, isNew: set !== last?.set, note };
  }
}

/** A document's keys, each checked by itself; a failure only where it is no JWK Set at all. */
export async function importText(
  text: string,
  options: KeyFetcherOptions,
): Promise<ImportedKeySet | FetchFailure> {
  const { maxKeys } = options.settings;
  const document = readKeySetDocument(text, maxKeys);
  if ("problem" in document) {
    return { result: document.tooMany === true ? "too_large" : "parse", detail: document.problem };
  }
  return importKeySet(document, { algorithms: options.algorithms, source: "fetched", maxKeys }).settle();
}
