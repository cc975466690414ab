import type { IncomingHttpHeaders } from "node:http";
import type { HttpAnswer } from "./exchange-http.ts";
import { exchangeHttp, MAX_DOCUMENT_BYTES } from "./exchange-http.ts";
import { openConnection } from "./open-connection.ts";
import type { ProbeLog } from "./probe-step.ts";

/** What is asked for, and where to tell what happens. */
export interface RequestOptions {
  readonly target: string;
  readonly log: ProbeLog;
  /** For each of DNS, TCP, TLS, and the whole HTTP exchange. */
  readonly timeoutMs: number;
  /** An answer of 404 is told as skipped instead of failed; `requestDocument` then gives undefined. */
  readonly optional?: boolean;
}

/** An answer of status 200 within the bounds. */
export interface FetchedDocument {
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
  /** Seconds by which the server's clock is ahead, from its `Date` header, after half the round trip; undefined without it. */
  readonly clockDifferenceSeconds: number | undefined;
}

/**
 * Fetches a document over a connection of its own, with a step for each thing that can go wrong.
 * No redirect is followed and no compression asked for: what is seen is what the server says at this URL.
 *
 * @throws ProbeStopped
 */
export async function requestDocument(
  url: URL,
  options: RequestOptions,
): Promise<FetchedDocument | undefined> {
  const { log, target } = options;
  const socket = await openConnection(url, options);
  const started = performance.now();
  const sentAt = Date.now();
  let answer: HttpAnswer | string;
  try {
    answer = await exchangeHttp({ url, socket, timeoutMs: options.timeoutMs });
  } finally {
    socket.destroy();
  }
  const durationMs = performance.now() - started;
  if (typeof answer === "string") {
    return log.fail(target, {
      name: "http",
      fault: "unreachable",
      detail: answer,
      remedy: "Look at the identity provider's own log; a proxy in between may cut the connection.",
      durationMs,
    });
  }
  if (answer.status === 404 && options.optional === true) {
    log.add(target, { name: "http", outcome: "skipped", detail: "not published: 404", durationMs });
    return undefined;
  }
  checkStatus({ answer, durationMs, options });
  log.add(target, {
    name: "http",
    outcome: "passed",
    detail: `200, ${describeHeaders(answer)}`,
    durationMs,
  });
  return {
    text: answer.body.toString("utf8"),
    headers: answer.headers,
    clockDifferenceSeconds: measureClock(answer.headers.date, { sentAt, roundTripMs: durationMs }),
  };
}

interface StatusContext {
  readonly answer: HttpAnswer;
  readonly durationMs: number;
  readonly options: RequestOptions;
}

function checkStatus({ answer, durationMs, options }: StatusContext): void {
  const { status, headers, tooLarge } = answer;
  const fail = (fault: "unreachable" | "wrong", detail: string, remedy: string): never =>
    options.log.fail(options.target, { name: "http", fault, detail, remedy, durationMs });
  if (status >= 300 && status < 400) {
    const location = headers.location ?? "nowhere";
    fail(
      "wrong",
      `${status} to ${location}`,
      "Configure the final URL: redirects are not followed by default (see `maxRedirects`).",
    );
  }
  if (status >= 500)
    fail("unreachable", `${status}`, "The identity provider fails: look at its log and its status page.");
  if (status !== 200) {
    fail(
      "wrong",
      `${status}`,
      "The document must be public: check path, access rules and bot protection in front of it.",
    );
  }
  if (tooLarge)
    fail(
      "wrong",
      `more than ${MAX_DOCUMENT_BYTES} bytes`,
      "Check that the URL gives the document and not a page.",
    );
}

function describeHeaders({ headers, body }: HttpAnswer): string {
  const type = headers["content-type"] ?? "no Content-Type";
  const caching = headers["cache-control"] ?? "no Cache-Control";
  return `${type}, ${body.length} bytes, ${caching}${headers.etag === undefined ? "" : ", ETag"}`;
}

/** The Date header has whole seconds and is written somewhere within the round trip; differences within both are none. */
function measureClock(
  date: string | undefined,
  { sentAt, roundTripMs }: { readonly sentAt: number; readonly roundTripMs: number },
): number | undefined {
  const serverMs = date === undefined ? Number.NaN : Date.parse(date);
  if (Number.isNaN(serverMs)) return undefined;
  const difference = serverMs + 500 - (sentAt + roundTripMs / 2);
  const uncertainty = 500 + roundTripMs / 2;
  if (Math.abs(difference) <= uncertainty) return 0;
  return Math.round((difference - Math.sign(difference) * uncertainty) / 1000);
}
