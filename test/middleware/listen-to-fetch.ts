/** Serves a fetch handler over HTTP, as its runtime would: repeated fields arrive joined. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pairRawHeaders } from "countersign/http";
import type { GuardedServer } from "./guarded-routes.ts";

export async function listenToFetch(
  handle: (request: Request) => Response | Promise<Response>,
): Promise<GuardedServer> {
  const server = createServer((incoming, outgoing) => {
    const { host = "" } = incoming.headers;
    const headers = new Headers();
    for (const [name, value] of pairRawHeaders(incoming.rawHeaders)) headers.append(name, value);
    const request = new Request(`http://${host}${incoming.url}`, {
      method: incoming.method ?? "GET",
      headers,
    });
    Promise.resolve(handle(request))
      .then(async (response) => {
        outgoing.writeHead(response.status, [...response.headers]);
        outgoing.end(await response.text());
      })
      .catch((error: unknown) => outgoing.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
