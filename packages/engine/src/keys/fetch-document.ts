/** One bounded GET: time, size, redirects, status and encoding are checked before anyone reads the text. */

import { platform } from "#platform";
import type { Clock, Fetch, KeysFetchResult } from "../ports.ts";
import { measureClockDifference, readFreshnessSeconds, readSeconds } from "./cache-policy.ts";
import { nameFetchFailure } from "./fetch-failure.ts";
import { parseFetchUrl } from "./fetch-url.ts";

export interface DocumentRequest {
  readonly url: string;
  /** Media types for `Accept`; the answer's own type is not looked at, for many publishers get it wrong. */
  readonly accept: string;
  /** Sent as `If-None-Match`; without it a 304 is a failure. */
  readonly etag: string | undefined;
  /** Bounds the whole exchange, from request to last byte. */
  readonly signal: AbortSignal;
}

export interface DocumentContext {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly limits: {
    /** Octets of the decoded body: what a compressed answer expands to counts. */
    readonly maxBytes: number;
    readonly maxRedirects: number;
    readonly insecureLoopbackHttp: boolean;
  };
}

export interface FetchFailure {
  readonly result: Exclude<KeysFetchResult, "success" | "not_modified">;
  /** For people: what was expected and found. */
  readonly detail: string;
  readonly status?: number;
  /** From the answer's `Retry-After`, where it gives seconds. */
  readonly retryAfterSeconds?: number | undefined;
}

/** What the headers of a usable answer say. */
export interface AnswerHeaders {
  /** Undefined where the answer says nothing about caching. */
  readonly freshnessSeconds: number | undefined;
  /** Strong or weak validator, for the next `If-None-Match`. */
  readonly etag: string | undefined;
  /** Seconds by which the source's clock is ahead; undefined without a readable `Date`. */
  readonly clockDifferenceSeconds: number | undefined;
}

export type DocumentAnswer =
  | (AnswerHeaders & { readonly result: "success"; readonly text: string })
  | (AnswerHeaders & { readonly result: "not_modified" })
  | FetchFailure;

const LONGEST_ETAG = 1024;

/** Never rejects, and settles once `signal` is aborted even where `fetch` ignores it. */
export async function fetchDocument(
  request: DocumentRequest,
  context: DocumentContext,
): Promise<DocumentAnswer> {
  try {
    return await followRedirects(request, context);
  } catch (error) {
    if (request.signal.aborted) return { result: "timeout", detail: "no complete answer in time" };
    return nameFetchFailure(error) as FetchFailure;
  }
}

async function followRedirects(request: DocumentRequest, context: DocumentContext): Promise<DocumentAnswer> {
  let address = request.url;
  for (let redirects = 0; ; redirects++) {
    const url = parseFetchUrl(address, context.limits);
    if (!(url instanceof URL)) return { result: "redirect", detail: `refused to fetch: ${url.problem}` };
    const startedMs = context.clock();
    const response = await untilAborted(send(url, request, context), request.signal);
    const answeredMs = context.clock();
    if (!isRedirect(response)) {
      const clockDifferenceSeconds = measureClockDifference(response.headers, { startedMs, answeredMs });
      return readAnswer(response, { request, context, clockDifferenceSeconds, answeredMs });
    }
    discard(response);
    const target = redirectTarget(response, url);
    if (typeof target !== "string") return target;
    if (redirects >= context.limits.maxRedirects) {
      const detail = `expected at most ${context.limits.maxRedirects} redirects, found another; see maxRedirects`;
      return { result: "redirect", detail, status: response.status };
    }
    address = target;
  }
}

async function send(url: URL, request: DocumentRequest, context: DocumentContext): Promise<Response> {
  const headers: Record<string, string> = { accept: request.accept };
  if (request.etag !== undefined) headers["if-none-match"] = request.etag;
  return context.fetch(url.href, { method: "GET", headers, redirect: "manual", signal: request.signal });
}

function isRedirect({ status, type, redirected }: Response): boolean {
  // Status 0 is how browsers hide a redirect; `redirected` tells of a fetch that followed one in spite of us.
  return redirected || type === "opaqueredirect" || [0, 301, 302, 303, 307, 308].includes(status);
}

/** Where a redirect leads, or why it is not followed (CVE-2026-102267: another origin's keys). */
function redirectTarget(response: Response, from: URL): string | FetchFailure {
  const location = response.headers.get("location");
  const target =
    location !== null && URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (response.redirected || target === undefined) {
    return { result: "redirect", detail: "found a redirect that cannot be checked", status: response.status };
  }
  if (target.origin === from.origin) return target.href;
  return { result: "redirect", detail: "found a redirect to another origin", status: response.status };
}

interface Exchange {
  readonly request: DocumentRequest;
  readonly context: DocumentContext;
  readonly clockDifferenceSeconds: number | undefined;
  readonly answeredMs: number;
}

async function readAnswer(response: Response, exchange: Exchange): Promise<DocumentAnswer> {
  const { request, context, clockDifferenceSeconds, answeredMs } = exchange;
  const notModified = response.status === 304 && request.etag !== undefined;
  if (response.status !== 200 && !notModified) {
    discard(response);
    return statusFailure(response);
  }
  const etag = response.headers.get("etag") ?? undefined;
  const headers: AnswerHeaders = {
    freshnessSeconds: readFreshnessSeconds(response.headers, answeredMs),
    etag: etag !== undefined && etag.length <= LONGEST_ETAG ? etag : undefined,
    clockDifferenceSeconds,
  };
  if (notModified) {
    discard(response);
    return { result: "not_modified", ...headers };
  }
  const octets = await readBody(response, { maxBytes: context.limits.maxBytes, signal: request.signal });
  if (octets === undefined) {
    return { result: "too_large", detail: `expected at most ${context.limits.maxBytes} bytes; see maxBytes` };
  }
  const text = platform.decodeUtf8(octets);
  if (text === undefined) return { result: "parse", detail: "expected UTF-8" };
  return { result: "success", text, ...headers };
}

function statusFailure(response: Response): FetchFailure {
  const { status } = response;
  const retryAfterSeconds = readSeconds(response.headers.get("retry-after"));
  const result = status >= 500 ? "http_5xx" : status >= 400 ? "http_4xx" : "parse";
  return { result, detail: `expected status 200, found ${status}`, status, retryAfterSeconds };
}

/** The body as octets; undefined, with the stream canceled, once it is over the bound. */
async function readBody(
  response: Response,
  bounds: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<Uint8Array | undefined> {
  if (Number(response.headers.get("content-length") ?? 0) > bounds.maxBytes) {
    discard(response);
    return undefined;
  }
  if (response.body === null) return new Uint8Array(0);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await untilAborted(reader.read(), bounds.signal);
      if (done) return join(chunks, length);
      length += value.byteLength;
      if (length > bounds.maxBytes) return undefined;
      chunks.push(value);
    }
  } finally {
    // Also after the last chunk, where it does nothing: the connection must never be held by a body left unread.
    reader.cancel().catch(ignore);
  }
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const octets = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    octets.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return octets;
}

function discard(response: Response): void {
  response.body?.cancel().catch(ignore);
}

function ignore(): void {}

/** Settles as `work` does, or rejects once the signal is aborted: a port may ignore the signal. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error("aborted"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    const settle = (): void => signal.removeEventListener("abort", stop);
    work.then(resolve, reject).finally(settle);
  });
}
