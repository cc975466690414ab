/** The connections to one endpoint: undici, with our certificates, no redirects, and no endless answers. */

import { Agent, request } from "undici";

import type { UpstreamTlsConfiguration } from "../config/upstream-tls-configuration.ts";
import { EndpointFault } from "./endpoint-fault.ts";

export interface BoundedFetchOptions {
  readonly tls: UpstreamTlsConfiguration | undefined;
  readonly timeoutMs: number;
  readonly connections: number;
  /** Longest answer. Default `MAX_ANSWER_BYTES`. */
  readonly maxAnswerBytes?: number;
}

/** The part of the Fetch standard that OAuth libraries use. */
export interface BoundedFetch {
  fetch(url: string, init: BoundedFetchInit): Promise<Response>;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

export interface BoundedFetchInit {
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>> | Headers;
  readonly body?: URLSearchParams | string | null | undefined;
  readonly signal?: AbortSignal | null | undefined;
}

/** Longest answer: claims of a token, or a key set. */
export const MAX_ANSWER_BYTES = 65_536;
const MAX_HEADER_BYTES = 16_384;
const KEPT_HEADERS = ["content-type", "date", "retry-after"];
const WITHOUT_BODY = new Set([204, 205, 304]);

/** Rejects with an `EndpointFault` where the endpoint cannot be reached, or says too much. */
export function createBoundedFetch(options: BoundedFetchOptions): BoundedFetch {
  const { tls = {}, timeoutMs, connections, maxAnswerBytes = MAX_ANSWER_BYTES } = options;
  const { ca, certificate, key } = tls;
  const agent = new Agent({
    connections,
    pipelining: 1,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxHeaderSize: MAX_HEADER_BYTES,
    connect: {
      timeout: timeoutMs,
      ...(ca !== undefined && { ca }),
      ...(certificate !== undefined && { cert: certificate }),
      ...(key !== undefined && { key }),
    },
  });
  return {
    async fetch(url, { method = "GET", headers, body, signal }) {
      try {
        const answer = await request(url, {
          dispatcher: agent,
          method: method === "POST" ? "POST" : "GET",
          headers: Object.fromEntries(new Headers(headers).entries()),
          body: body === undefined || body === null ? null : String(body),
          signal: signal ?? null,
        });
        const text = await readBounded(answer.body, maxAnswerBytes);
        const { statusCode: status } = answer;
        return new Response(WITHOUT_BODY.has(status) ? null : text, {
          status,
          headers: KEPT_HEADERS.flatMap((name): [string, string][] => {
            const value = answer.headers[name];
            return typeof value === "string" ? [[name, value]] : [];
          }),
        });
      } catch (error) {
        throw error instanceof EndpointFault ? error : describeFailure(error);
      }
    },
    close: () => agent.destroy(),
  };
}

async function readBounded(
  body: AsyncIterable<Uint8Array> & { destroy(): unknown },
  maxBytes: number,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      body.destroy();
      throw new EndpointFault("bad_answer", `an answer of more than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
}

const TIMEOUTS = new Set([
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "ETIMEDOUT",
]);

function describeFailure(error: unknown): EndpointFault {
  if (error instanceof TypeError && "code" in error && error.code === "ERR_ENCODING_INVALID_ENCODED_DATA")
    return new EndpointFault("bad_answer", "an answer that is not UTF-8");
  const name = error instanceof Error ? error.name : "";
  const code = error instanceof Error && "code" in error ? String(error.code) : name;
  if (name === "AbortError" || name === "TimeoutError" || TIMEOUTS.has(code))
    return new EndpointFault("timeout", `no answer in time (${code})`);
  return new EndpointFault("network_error", `no connection, or one that broke (${code})`);
}
