/** The HTTP server and the client that the proxy is built on, joined by a pipe: forwarding without judging. */

import { createServer } from "node:http";
import { pipeline } from "node:stream/promises";
import { Pool } from "undici";
import { HOST, readParameters } from "./parameters.ts";

const { port, upstream } = readParameters();
const pool = new Pool(`http://${upstream}`, { connections: 256, pipelining: 1, allowH2: false });
const server = createServer((request, response) => {
  const { method = "GET", url = "/", rawHeaders } = request;
  const headers = rawHeaders.filter(
    (_, index) => !/^(?:connection|keep-alive)$/i.test(rawHeaders[index - (index % 2)] ?? ""),
  );
  pool
    .request({ method, path: url, headers })
    .then(async (answer) => {
      response.statusCode = answer.statusCode;
      for (const [name, value] of Object.entries(answer.headers)) {
        if (value !== undefined && name !== "connection" && name !== "keep-alive")
          response.setHeader(name, value);
      }
      await pipeline(answer.body, response);
    })
    .catch(() => response.destroy());
});
server.keepAliveTimeout = 60_000;
server.listen(port, HOST);
