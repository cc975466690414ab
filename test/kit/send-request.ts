/** Requests as hostile clients send them: repeated headers, any spelling, any target. */

import { type Agent, type IncomingHttpHeaders, request } from "node:http";
import type { Echo } from "./start-echo.ts";

export interface RequestToSend {
  /** Origin of the front door. */
  readonly url: string;
  /** Sent byte for byte. Default "/orders/1". */
  readonly target?: string;
  readonly method?: string;
  readonly token?: string;
  /** In order, names as written. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Sent with its length. Default none. */
  readonly body?: string;
  /** Default one connection for this request. */
  readonly agent?: Agent;
}

export interface ReceivedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** What the upstream saw; undefined where the request did not reach it. */
  readonly echo: Echo | undefined;
}

const TIMEOUT_MS = 15_000;

export function sendRequest(to: RequestToSend): Promise<ReceivedAnswer> {
  const { hostname, port, host } = new URL(to.url);
  const authorization = to.token === undefined ? [] : (["Authorization", `Bearer ${to.token}`] as const);
  const length =
    to.body === undefined ? [] : (["Content-Length", String(Buffer.byteLength(to.body))] as const);
  const headers = ["Host", host, ...authorization, ...length, ...(to.headers ?? []).flat()];
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        hostname,
        port,
        path: to.target ?? "/orders/1",
        method: to.method ?? "GET",
        headers,
        agent: to.agent ?? false,
        timeout: TIMEOUT_MS,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const body = Buffer.concat(chunks).toString("utf8");
          const status = response.statusCode ?? 0;
          resolve({
            status,
            headers: response.headers,
            body,
            echo: status === 200 ? (JSON.parse(body) as Echo) : undefined,
          });
        });
      },
    );
    sent.on("error", reject);
    sent.on("timeout", () => sent.destroy(new Error(`No answer within ${TIMEOUT_MS} ms`)));
    sent.end(to.body);
  });
}

/** Values of a header that the upstream saw, under any spelling that some server reads as this one. */
export function listSeen(echo: Echo | undefined, name: string): readonly string[] {
  const fold = (text: string): string => text.toLowerCase().replace(/[_.]/g, "-");
  return (echo?.headers ?? []).filter(([other]) => fold(other) === fold(name)).map(([, value]) => value);
}
