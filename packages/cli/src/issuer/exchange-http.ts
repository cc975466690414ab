import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:http";
import type { Socket } from "node:net";
import { readErrorCode } from "../file-error.ts";

/** Longest document read; as the engine's `maxBytes` default. */
export const MAX_DOCUMENT_BYTES = 1_048_576;

/** A complete answer, or the beginning of one that is too large. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly tooLarge: boolean;
}

/** A request without its bounds of size; those are fixed. */
export interface ExchangeParts {
  readonly url: URL;
  readonly socket: Socket;
  readonly timeoutMs: number;
}

/** Asks for a document over a connected socket: the answer, or in words why there is none. Never rejects. */
export function exchangeHttp({ url, socket, timeoutMs }: ExchangeParts): Promise<HttpAnswer | string> {
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
    const settle = (result: HttpAnswer | string): void => {
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
