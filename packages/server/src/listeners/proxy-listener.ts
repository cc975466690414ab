import type { IncomingMessage, Server } from "node:http";
import { createServer } from "node:http";
import type { Duplex } from "node:stream";

import type { ProxyConfiguration } from "../config/configuration.ts";
import type { HandleProxied } from "../proxy/create-proxy-handler.ts";

const HEADERS_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 75_000;
// undici's timers may fire a second late.
const TIMER_MARGIN_MS = 2000;
const NOT_IMPLEMENTED = [
  "HTTP/1.1 501 Not Implemented",
  "Content-Type: application/problem+json",
  "Cache-Control: no-store",
  "Connection: close",
];

/** Creates the proxy's listener; it does not listen yet. Framing is left to node's strict parser. */
export function createProxyListener(
  handle: HandleProxied,
  limits: ProxyConfiguration & { readonly maxHeaderBytes: number },
): Server {
  const server = createServer({
    insecureHTTPParser: false,
    requireHostHeader: true,
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  server.maxHeadersCount = 0;
  // Longer than the upstream may be silent: what ends here is a client that no longer reads its answer.
  server.timeout = limits.connectTimeoutMs + limits.headersTimeoutMs + limits.bodyTimeoutMs + TIMER_MARGIN_MS;
  server.on("request", (request, response) => handle(request, response));
  // Who expects 100 gets the decision first, and sends no body to be refused.
  server.on("checkContinue", (request, response) => {
    handle(request, response, () => response.writeContinue());
  });
  server.on("upgrade", refuseProtocol);
  server.on("connect", refuseProtocol);
  return server;
}

/** A tunnel would carry what no decision was made about. */
function refuseProtocol(_request: IncomingMessage, socket: Duplex): void {
  const body = JSON.stringify({
    type: "about:blank",
    title: "Not Implemented",
    status: 501,
    detail: "Upgrade and CONNECT are not forwarded",
    code: "protocol_not_supported",
  });
  socket.on("error", () => socket.destroy());
  socket.end([...NOT_IMPLEMENTED, `Content-Length: ${body.length}`, "", body].join("\r\n"));
}
