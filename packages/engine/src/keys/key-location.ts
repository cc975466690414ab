/** The URL of an issuer's key set, and how long what its metadata said about it is believed. */

import { checkDiscoveryIssuer, discoverKeys } from "./discover-keys.ts";
import type { DocumentContext, FetchFailure } from "./fetch-document.ts";
import { parseFetchUrl } from "./fetch-url.ts";
import type { RemoteKeySettings } from "./remote-settings.ts";

export type KeysFrom = { readonly discovery: true } | { readonly jwksUri: string };

export interface Location {
  readonly result: "success";
  readonly url: string;
  /** Whether the metadata was read just now. */
  readonly isNew: boolean;
  /** For people, such as that the keys moved to another host. */
  readonly note: string | undefined;
}

export interface LocationOptions {
  readonly issuer: string;
  readonly source: KeysFrom;
  readonly settings: RemoteKeySettings;
}

/**
 * Metadata is read again after `maxRefreshSeconds`, and when the key set is gone from where it was. While that
 * fails for want of an answer, the last URL is used for `maxStaleSeconds`; metadata that contradicts is obeyed at once.
 */
export class KeyLocation {
  readonly #options: LocationOptions;
  readonly #context: DocumentContext;
  #url: string | undefined;
  #readAt = 0;

  /** @throws TypeError where the URL or the issuer cannot be fetched from. */
  constructor(options: LocationOptions, context: DocumentContext) {
    this.#options = options;
    this.#context = context;
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

  get url(): string | undefined {
    return this.#url;
  }

  /** `now` in elapsed milliseconds; `again` reads the metadata even where the last is young. */
  async find(request: {
    readonly now: number;
    readonly signal: AbortSignal;
    readonly again: boolean;
  }): Promise<Location | FetchFailure> {
    const { issuer, source, settings } = this.#options;
    const known = this.#url;
    const ageMs = request.now - this.#readAt;
    const isYoung = "jwksUri" in source || (!request.again && ageMs < settings.maxRefreshSeconds * 1000);
    if (known !== undefined && isYoung)
      return { result: "success", url: known, isNew: false, note: undefined };
    const found = await discoverKeys({ issuer, signal: request.signal }, this.#context);
    if (found.result === "success") {
      this.#url = found.jwksUri;
      this.#readAt = request.now;
      return { result: "success", url: found.jwksUri, isNew: true, note: describeMove(known, found.jwksUri) };
    }
    const mayKeep = found.result !== "issuer_mismatch" && found.result !== "parse" && !request.signal.aborted;
    if (known === undefined || !mayKeep || ageMs >= settings.maxStaleSeconds * 1000) return found;
    return {
      result: "success",
      url: known,
      isNew: false,
      note: `${found.detail}; the last known jwks_uri is used`,
    };
  }
}

function describeMove(from: string | undefined, to: string): string | undefined {
  if (from === undefined || from === to) return undefined;
  return `jwks_uri moved from host ${new URL(from).host} to host ${new URL(to).host}`;
}
