import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";

/** The running service. */
export interface Upstream {
  readonly url: string;
  close(): Promise<void>;
}

const ORDERS = [
  { id: "A-1001", item: "fountain pen", quantity: 2 },
  { id: "A-1002", item: "ink, midnight blue", quantity: 1 },
];

/**
 * Starts the service that the demo protects: a few orders, and in each answer what it was told about the
 * caller. It checks nothing by itself: that is the point.
 */
export async function startUpstream(port: number): Promise<Upstream> {
  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port }, resolve);
  });
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  // Nothing is done with bodies, but they must be read for the connection to go on.
  request.resume();
  const path = (request.url ?? "/").split("?", 1)[0];
  const identity = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => name.startsWith("x-auth-")),
  );
  const body = {
    ...(path === "/orders" && { orders: ORDERS }),
    upstreamSaw: {
      method: request.method,
      path,
      identity,
      token: request.headers.authorization === undefined ? "removed before it came here" : "still there",
    },
  };
  response.writeHead(200, { "content-type": "application/json; charset=utf-8" });
  response.end(`${JSON.stringify(body, undefined, 2)}\n`);
}
