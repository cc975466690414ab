/**
 * A process that answers HTTP: the sidecar's decision listener or its proxy, or what is left without judging:
 * a bare node:http server with a fixed answer, and the same client and server as the proxy, joined.
 */

import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { parseConfiguration, startServer } from "@countersign/server";
import { Pool } from "undici";
import { serveMetered } from "./server-process.ts";
import { AUDIENCE, ISSUER } from "./tokens.ts";

const [subject = "", jwk = "", upstream = ""] = process.argv.slice(2);
serveMetered(await serve());

function serve(): Promise<string> {
  if (subject === "decision") return serveSidecar("decision");
  if (subject === "proxy") return serveSidecar("proxy");
  if (subject === "bare proxy") return listen(createPipe());
  return listen((_request, response) => {
    response.setHeader("Content-Type", "text/plain");
    response.end("fixed");
  });
}

async function serveSidecar(door: "decision" | "proxy"): Promise<string> {
  const text = `
listeners: { decision: "127.0.0.1:0", admin: "127.0.0.1:0", proxy: ${upstream === "" ? "off" : '"127.0.0.1:0"'} }
issuers:
  - issuer: ${ISSUER}
    audiences: [${AUDIENCE}]
    algorithms: [ES256]
    keys: { jwks: { keys: [${jwk}] } }
${upstream === "" ? "" : `upstream: http://${upstream}`}
# The load is meant to saturate; what is measured is the judging, not the shedding.
overload: { maxEventLoopDelayMs: 10000 }
routes:
  - { path: /orders/**, allow: authenticated }
  - { path: /public/**, allow: anonymous }
`;
  const logger = { info() {}, warn() {}, error() {} };
  const server = await startServer(parseConfiguration(text, { env: {}, baseDir: "." }), { logger });
  return server.addresses[door] ?? "";
}

function createPipe(): RequestListener {
  const pool = new Pool(`http://${upstream}`, { connections: 256, pipelining: 1, allowH2: false });
  return (request, response) => {
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
  };
}

async function listen(handle: RequestListener): Promise<string> {
  const server = createServer(handle);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
