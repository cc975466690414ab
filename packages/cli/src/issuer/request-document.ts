import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:http";
import type { Socket } from "node:net";
import { readErrorCode } from "../file-error.ts";
import { openConnection } from "./open-connection.ts";
import type { ProbeLog } from "./probe-step.ts";

export interface RequestOptions {
  readonly target: string;
  readonly log: ProbeLog;
  /** For each of DNS, TCP, TLS, and the whole HTTP exchange. */
  readonly timeoutMs: number;
  /** An answer of 404 is told as skipped instead of failed; `requestDocument` then gives undefined. */
  readonly optional?: boolean;
}

export interface FetchedDocument {
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
  /** Seconds by which the server's clock is ahead, from its `Date` header, after half the round trip; undefined without it. */
  readonly clockDifferenceSeconds: number | undefined;
}

/** Longest document read; as the engine's `maxBytes` default. */
const MAX_DOCUMENT_BYTES = 1_048_576;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly tooLarge: boolean;
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
  let answer: Answer | string;
  try {
    answer = await exchange({ url, socket, timeoutMs: options.timeoutMs });
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
  readonly answer: Answer;
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

function describeHeaders({ headers, body }: Answer): string {
  const type = headers["content-type"] ?? "no Content-Type";
  const caching = headers["cache-control"] ?? "no Cache-Control";
  return `${type}, ${body.length} bytes, ${caching}${headers.etag === undefined ? "" : ", ETag"}`;
}

interface ExchangeParts {
  readonly url: URL;
  readonly socket: Socket;
  readonly timeoutMs: number;
}

function exchange({ url, socket, timeoutMs }: ExchangeParts): Promise<Answer | string> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle(`no complete answer within ${timeoutMs} ms`), timeoutMs);
    const outgoing = request({
      createConnection: () => socket,
      method: "GET",
      path: url.pathname + url.search,
      headers: {
        host: url.host,
        accept: "application/json",
        "accept-encoding": "identity",
        connection: "close",
      },
    });
    const settle = (result: Answer | string): void => {
      clearTimeout(timer);
      resolve(result);
      outgoing.destroy();
    };
    outgoing.on("error", (error) =>
      settle(`the connection broke (${readErrorCode(error) ?? error.message})`),
    );
    outgoing.on("response", (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const finish = (tooLarge: boolean): void =>
        settle({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
          tooLarge,
        });
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_DOCUMENT_BYTES) finish(true);
        else chunks.push(chunk);
      });
      response.on("end", () => finish(false));
      response.on("error", (error) =>
        settle(`the answer was cut short (${readErrorCode(error) ?? error.message})`),
      );
    });
    outgoing.end();
  });
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
