/** Requests of services that have no client of their own here: JSON both ways, no redirects, no endless answers. */

import { Agent, request } from "undici";
import { createFault, readCode, refuseAnswer } from "./service-fault.ts";

export interface JsonHttpOptions {
  readonly backend: string;
  /** Certificates (PEM) of who may answer. Default those that the runtime trusts. */
  readonly ca?: string | undefined;
  readonly timeoutMs: number;
  readonly connections: number;
}

export interface JsonRequest {
  readonly operation: string;
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  /** Statuses that are an answer, besides those from 200 to 299. */
  readonly expected?: readonly number[];
}

export interface JsonAnswer {
  readonly status: number;
  /** Empty where there was no text. */
  readonly body: Readonly<Record<string, unknown>>;
}

const MAX_ANSWER_BYTES = 262_144;
const MAX_HEADER_BYTES = 16_384;

export class JsonHttp {
  readonly #backend: string;
  readonly #agent: Agent;

  constructor({ backend, ca, timeoutMs, connections }: JsonHttpOptions) {
    this.#backend = backend;
    this.#agent = new Agent({
      connections,
      pipelining: 1,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxHeaderSize: MAX_HEADER_BYTES,
      connect: { timeout: timeoutMs, ...(ca !== undefined && { ca }) },
    });
  }

  /**
   * @throws SigningError for every status that is not expected, and for answers that are no JSON object; whatever the
   * signal's abort makes of it.
   */
  async send(call: JsonRequest): Promise<JsonAnswer> {
    const { operation, expected = [], signal } = call;
    const place = { backend: this.#backend, operation };
    try {
      const { statusCode: status, body } = await this.#request(call);
      const text = (await readBounded(body)) ?? refuseAnswer(place, `at most ${MAX_ANSWER_BYTES} octets`);
      if ((status < 200 || status > 299) && !expected.includes(status))
        throw createFault({ ...place, status });
      return { status, body: text === "" ? {} : (parseObject(text) ?? refuseAnswer(place, "a JSON object")) };
    } catch (error) {
      if (signal.aborted || (error instanceof Error && error.name === "SigningError")) throw error;
      throw createFault({ ...place, code: readCode(error) });
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  #request({ method, url, headers, body, signal }: JsonRequest): ReturnType<typeof request> {
    return request(url, {
      dispatcher: this.#agent,
      method,
      headers: {
        accept: "application/json",
        ...(body && { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal,
    });
  }
}

/** Undefined where there is too much of it. */
async function readBounded(
  body: AsyncIterable<Uint8Array> & { destroy(): unknown },
): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) {
      body.destroy();
      return undefined;
    }
    chunks.push(chunk);
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
