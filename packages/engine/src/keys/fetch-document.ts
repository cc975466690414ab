/** One bounded GET: time, size, redirects, status and encoding are checked before anyone reads the text. */

import { platform } from "#platform";
import type { Clock, Fetch } from "../ports.ts";
import { measureClockDifference, readFreshnessSeconds, readSeconds } from "./cache-policy.ts";
import { FetchProblem, failFetch } from "./fetch-failure.ts";
import { parseFetchUrl } from "./fetch-url.ts";

export interface DocumentRequest {
  readonly url: string;
  /** Sent as `If-None-Match`; without it a 304 is a failure. */
  readonly etag?: string | undefined;
  /** Media types that are asked for. Default those of key sets. */
  readonly accept?: string;
  /** Bounds the whole exchange, from request to last byte. */
  readonly signal: AbortSignal;
}

export interface DocumentContext {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly settings: {
    /** Octets of the decoded body: what a compressed answer expands to counts. */
    readonly maxBytes: number;
    readonly maxRedirects: number;
    readonly insecureLoopbackHttp: boolean;
  };
}

export interface DocumentAnswer {
  /** Undefined where the document is still the one of the request's `etag`. */
  readonly text: string | undefined;
  /** Undefined where the answer says nothing about caching. */
  readonly freshnessSeconds: number | undefined;
  /** The answer's `Content-Type` in lower case, without parameters; "" where there is none. */
  readonly type: string;
  /** Strong or weak validator, for the next `If-None-Match`. */
  readonly etag: string | undefined;
  /** Seconds by which the source's clock is ahead; undefined without a readable `Date`. */
  readonly clockDifferenceSeconds: number | undefined;
}

const LONGEST_ETAG = 1024;
/** The answer's own type is not looked at, for many publishers get it wrong. */
const ACCEPT = "application/jwk-set+json, application/json";

/** Rejects with what `nameFetchFailure` names, and settles once `signal` is aborted even where `fetch` ignores it. */
export async function fetchDocument(
  request: DocumentRequest,
  context: DocumentContext,
): Promise<DocumentAnswer> {
  const { etag, signal, accept = ACCEPT } = request;
  const { fetch, clock, settings } = context;
  let url = request.url;
  for (let redirects = 0; ; redirects++) {
    const parsed = parseFetchUrl(url, settings);
    if (!(parsed instanceof URL)) failFetch("redirect", `refused to fetch: ${parsed.problem}`);
    const startedMs = clock();
    const headers = { accept, ...(etag !== undefined && { "if-none-match": etag }) };
    // A function, so that what the port throws at once is a rejection too.
    const send = async (): Promise<Response> =>
      fetch(parsed.href, { method: "GET", headers, redirect: "manual", signal });
    const response = await untilAborted(send(), signal);
    if (!isRedirect(response)) {
      const clockDifferenceSeconds = measureClockDifference(response.headers, {
        startedMs,
        answeredMs: clock(),
      });
      return { clockDifferenceSeconds, ...(await readAnswer(response, request, context)) };
    }
    discard(response);
    url = findTarget(response, parsed);
    if (redirects >= settings.maxRedirects) {
      failFetch("redirect", `expected at most ${redirects} redirects, found another; see maxRedirects`);
    }
  }
}

function isRedirect({ status, type, redirected }: Response): boolean {
  // Status 0 is how browsers hide a redirect; `redirected` tells of a fetch that followed one in spite of us.
  return redirected || type === "opaqueredirect" || [0, 301, 302, 303, 307, 308].includes(status);
}

/** Where a redirect leads. @throws FetchProblem where it is not followed (CVE-2026-102267: another origin's keys). */
function findTarget({ headers, redirected }: Response, from: URL): string {
  const location = headers.get("location") ?? "";
  if (redirected || location === "" || !URL.canParse(location, from)) {
    failFetch("redirect", "found a redirect that cannot be checked");
  }
  const target = new URL(location, from);
  if (target.origin !== from.origin) failFetch("redirect", "found a redirect to another origin");
  return target.href;
}

async function readAnswer(
  response: Response,
  request: DocumentRequest,
  { clock, settings }: DocumentContext,
): Promise<Omit<DocumentAnswer, "clockDifferenceSeconds">> {
  const { status, headers } = response;
  const isUnchanged = status === 304 && request.etag !== undefined;
  if (status !== 200 && !isUnchanged) {
    discard(response);
    throw new FetchProblem({
      result: status >= 500 ? "http_5xx" : status >= 400 ? "http_4xx" : "parse",
      detail: `expected status 200, found ${status}`,
      status,
      retryAfterSeconds: readSeconds(headers.get("retry-after")),
    });
  }
  const etag = headers.get("etag") ?? undefined;
  const freshnessSeconds = readFreshnessSeconds(headers, clock());
  if (isUnchanged) discard(response);
  return {
    freshnessSeconds,
    type: headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "",
    etag: etag !== undefined && etag.length <= LONGEST_ETAG ? etag : undefined,
    text: isUnchanged ? undefined : await readText(response, request.signal, settings.maxBytes),
  };
}

async function readText(response: Response, signal: AbortSignal, maxBytes: number): Promise<string> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  try {
    if (Number(response.headers.get("content-length")) > maxBytes) bytes = Infinity;
    while (bytes <= maxBytes && reader !== undefined) {
      const { done, value } = await untilAborted(reader.read(), signal);
      if (done) break;
      bytes += value.byteLength;
      chunks.push(value);
    }
  } finally {
    // Also after the last chunk, where it does nothing: the connection must never be held by a body left unread.
    reader?.cancel().catch(ignore);
  }
  if (bytes > maxBytes) failFetch("too_large", `expected at most ${maxBytes} bytes; see maxBytes`);
  const octets = new Uint8Array(await new Blob(chunks).arrayBuffer());
  return platform.decodeUtf8(octets) ?? failFetch("parse", "expected UTF-8");
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
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
