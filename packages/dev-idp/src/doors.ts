/** Where the provider listens: plain HTTP for everybody, and TLS for clients with certificates where that is wanted. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createMtlsServer } from "./mtls.ts";
import type { DevIdpSettings } from "./options.ts";

export interface Door {
  readonly server: Server;
  /** The one `Host` that is answered. */
  readonly authority: string;
  /** All that is answered begins so. */
  readonly pathPrefix: string;
}

export interface Doors {
  readonly all: readonly Door[];
  readonly url: string;
  readonly mtlsUrl: string | undefined;
  /** Stops listening and ends open connections. */
  close(): Promise<void>;
}

function listen(
  server: Server,
  { host, port, pathPrefix }: { readonly host: string; readonly port: number; readonly pathPrefix: string },
): Promise<Door> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      const { port: taken } = server.address() as AddressInfo;
      resolve({ server, authority: `${host.includes(":") ? `[${host}]` : host}:${taken}`, pathPrefix });
    });
  });
}

function stop({ server }: Door): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** @throws Error of the system; then none is open. */
export async function openDoors({ host, port, mtls }: DevIdpSettings): Promise<Doors> {
  const main = await listen(createServer(), { host, port, pathPrefix: "/" });
  const all = [main];
  try {
    if (mtls !== undefined) {
      all.push(await listen(createMtlsServer(mtls), { host, port: mtls.port ?? 0, pathPrefix: "/token" }));
    }
  } catch (error) {
    await stop(main);
    throw error;
  }
  const [, secured] = all;
  return {
    all,
    url: `http://${main.authority}`,
    mtlsUrl: secured === undefined ? undefined : `https://${secured.authority}`,
    close: async () => void (await Promise.all(all.map(stop))),
  };
}
