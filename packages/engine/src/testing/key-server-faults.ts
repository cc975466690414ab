/** The faults of the key server, and how each is played on a response. */

import type { ServerResponse } from "node:http";
import { createGzip } from "node:zlib";

const JSON_TYPE = { "content-type": "application/json" } as const;
const CHUNK_BYTES = 65_536;

/** What a path answers wrongly. Of several members the first in this order counts. */
export interface KeyServerFault {
  /** Cuts the connection before any answer. */
  readonly reset?: boolean;
  /** Takes the request and never answers. */
  readonly hang?: boolean;
  /** Answers with this status and a short text. */
  readonly status?: number;
  /** Answers 302 with this `Location`. */
  readonly redirectTo?: string;
  /** Sends the right head and only so many bytes of the body, then cuts the connection. */
  readonly truncateAfterBytes?: number;
  /** Sends the body one byte at a time, so many milliseconds apart. */
  readonly byteEveryMs?: number;
  /** Says this `Content-Length` whatever the body's length is, then ends the connection. */
  readonly contentLength?: number;
  /** Sends so many bytes of white space before the body, in chunks and without `Content-Length`. */
  readonly paddingBytes?: number;
  /** Sends gzip that expands to so many bytes. */
  readonly gzipBombBytes?: number;
  /** Sends these bytes as they are instead of the document, with status 200. */
  readonly body?: string | Uint8Array;
}

export function sendFault(
  response: ServerResponse,
  { fault, body }: { readonly fault: KeyServerFault; readonly body: string },
): void {
  if (fault.reset === true) response.destroy();
  else if (fault.hang === true) return;
  else if (fault.status !== undefined) {
    response.writeHead(fault.status, { "content-type": "text/plain" }).end(`fault ${fault.status}`);
  } else if (fault.redirectTo !== undefined) response.writeHead(302, { location: fault.redirectTo }).end();
  else if (fault.truncateAfterBytes !== undefined)
    truncate(response, { body, bytes: fault.truncateAfterBytes });
  else if (fault.byteEveryMs !== undefined) drip(response, { body, everyMs: fault.byteEveryMs });
  else if (fault.contentLength !== undefined)
    misstate(response, { body, contentLength: fault.contentLength });
  else if (fault.paddingBytes !== undefined) pad(response, { body, bytes: fault.paddingBytes });
  else if (fault.gzipBombBytes !== undefined) explode(response, fault.gzipBombBytes);
  else response.writeHead(200, JSON_TYPE).end(fault.body ?? body);
}

function truncate(
  response: ServerResponse,
  { body, bytes }: { readonly body: string; readonly bytes: number },
): void {
  response.writeHead(200, { ...JSON_TYPE, "content-length": Buffer.byteLength(body) });
  response.write(Buffer.from(body).subarray(0, bytes), () => response.destroy());
}

function drip(
  response: ServerResponse,
  { body, everyMs }: { readonly body: string; readonly everyMs: number },
): void {
  const octets = Buffer.from(body);
  let sent = 0;
  response.writeHead(200, { ...JSON_TYPE, "content-length": octets.byteLength });
  const timer = setInterval(() => {
    response.write(octets.subarray(sent, sent + 1));
    sent++;
    if (sent < octets.byteLength) return;
    clearInterval(timer);
    response.end();
  }, everyMs);
  response.once("close", () => clearInterval(timer));
}

/** Past `node:http`, which would not send a body that contradicts its length. */
function misstate(
  response: ServerResponse,
  { body, contentLength }: { readonly body: string; readonly contentLength: number },
): void {
  response.socket?.end(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${contentLength}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function pad(
  response: ServerResponse,
  { body, bytes }: { readonly body: string; readonly bytes: number },
): void {
  response.writeHead(200, JSON_TYPE);
  let left = bytes;
  const fill = (): void => {
    while (left > 0 && !response.destroyed) {
      const length = Math.min(CHUNK_BYTES, left);
      left -= length;
      if (!response.write(Buffer.alloc(length, 0x20))) {
        response.once("drain", fill);
        return;
      }
    }
    response.end(body);
  };
  fill();
}

function explode(response: ServerResponse, bytes: number): void {
  response.writeHead(200, { ...JSON_TYPE, "content-encoding": "gzip" });
  const gzip = createGzip();
  gzip.pipe(response);
  response.once("close", () => gzip.destroy());
  let left = bytes;
  const fill = (): void => {
    while (left > 0 && !gzip.destroyed) {
      const length = Math.min(CHUNK_BYTES, left);
      left -= length;
      if (!gzip.write(Buffer.alloc(length, 0x20))) {
        gzip.once("drain", fill);
        return;
      }
    }
    gzip.end();
  };
  fill();
}
