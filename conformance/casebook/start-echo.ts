/** The application behind a gateway under test: it remembers what reached it, by the probe that it belongs to. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import type { UpstreamRequest } from "./front.ts";

/** Names the probe that a request belongs to. */
export const PROBE_HEADER = "X-Casebook-Probe";

/** Where the records of a probe are asked for: a path that no gateway needs to serve. */
export const RECORDS_PATH = "/.casebook/records/";

export interface EchoApplication {
  readonly url: string;
  close(): Promise<void>;
}

/** More than the probes of one run; the oldest are forgotten. */
const MAX_PROBES = 2000;
const MAX_RECORDS = 16;
const MAX_HEADER_BYTES = 65_536;

/** Starts the application on 127.0.0.1; port 0 takes a free one. */
export async function startEcho(port = 0): Promise<EchoApplication> {
  const records = new Map<string, UpstreamRequest[]>();
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    const { method = "", url: target = "", rawHeaders } = request;
    request.resume();
    response.setHeader("Content-Type", "application/json");
    if (target.startsWith(RECORDS_PATH)) {
      response.end(JSON.stringify(records.get(target.slice(RECORDS_PATH.length)) ?? []));
      return;
    }
    const headers = Array.from(
      { length: rawHeaders.length / 2 },
      (_, index) => [rawHeaders[index * 2] ?? "", rawHeaders[index * 2 + 1] ?? ""] as const,
    );
    remember(records, { method, target, headers });
    response.end(JSON.stringify({ method, target, headers }));
  });
  server.maxHeadersCount = 0;
  // A tunnel has no record otherwise.
  server.on("connect", (_request, socket) => socket.end("HTTP/1.1 405 Method Not Allowed\r\n\r\n"));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function remember(records: Map<string, UpstreamRequest[]>, request: UpstreamRequest): void {
  const probe = request.headers.find(([name]) => name.toLowerCase() === PROBE_HEADER.toLowerCase())?.[1];
  if (probe === undefined) return;
  const known = records.get(probe) ?? [];
  if (known.length < MAX_RECORDS) known.push(request);
  records.set(probe, known);
  const oldest = records.size > MAX_PROBES ? records.keys().next().value : undefined;
  if (oldest !== undefined) records.delete(oldest);
}
