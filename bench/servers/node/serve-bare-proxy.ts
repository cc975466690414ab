/** The HTTP server and the client that the proxy is built on, joined as directly as they can be: forwarding alone. */

import { createServer, type ServerResponse } from "node:http";
import { type Dispatcher, Pool } from "undici";
import { HOST, readParameters } from "./parameters.ts";

const { port, upstream } = readParameters();
const pool = new Pool(`http://${upstream}`, { connections: 256, pipelining: 1, allowH2: false });
const server = createServer((request, response) => {
  const { method = "GET", url = "/", rawHeaders } = request;
  const headers: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (!isOfConnection(name.toLowerCase())) headers.push(name, rawHeaders[at + 1] ?? "");
  }
  pool.dispatch({ method, path: url, headers }, createHandler(response));
});
server.keepAliveTimeout = 60_000;
server.listen(port, HOST);

function isOfConnection(name: string): boolean {
  return name === "connection" || name === "keep-alive";
}

/** For answers without trailers, and bodies that a client takes as fast as they come. */
function createHandler(response: ServerResponse): Dispatcher.DispatchHandler {
  const chunks: Buffer[] = [];
  return {
    onRequestStart() {},
    onResponseStart(_controller, status, fields) {
      const kept = Object.entries(fields).filter(
        ([name, value]) => value !== undefined && !isOfConnection(name),
      );
      response.writeHead(status, Object.fromEntries(kept));
    },
    onResponseData(_controller, chunk) {
      chunks.push(chunk);
    },
    onResponseEnd() {
      response.end(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    },
    onResponseError: () => response.destroy(),
  };
}
