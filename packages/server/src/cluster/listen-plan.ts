/** Where workers listen: what the primary settles once, so that all of them ask for the same. */

import { once } from "node:events";
import { createServer } from "node:net";

import type { Configuration, ListenAddress } from "../config/configuration.ts";
import { formatListenAddress } from "../config/listen-address.ts";
import { removeStaleSocket } from "../listeners/listen.ts";

const SHARED_DOORS = ["decision", "extAuthz", "proxy"] as const;

export class ListenPlan {
  /** The port that was chosen where any is asked for, by listener and address. */
  readonly #ports = new Map<string, number>();
  /** Sockets that workers listen on already. */
  #sockets: ReadonlySet<string> = new Set();

  /** The configuration for workers: every port chosen, every socket's way cleared. @throws Error where none can be had. */
  async settle(configuration: Configuration): Promise<Configuration> {
    const { listeners } = configuration;
    const settled: { [Name in (typeof SHARED_DOORS)[number]]?: ListenAddress } = {};
    for (const name of SHARED_DOORS) {
      const address = listeners[name];
      if (address !== undefined)
        settled[name] = { ...(await this.#settleAddress(name, address)), shared: true };
    }
    return { ...configuration, listeners: { ...listeners, ...settled } };
  }

  /** Workers listen where this one says. */
  adopt({ listeners }: Configuration): void {
    const addresses = SHARED_DOORS.map((name) => listeners[name]);
    this.#sockets = new Set(addresses.flatMap((address) => (address?.kind === "unix" ? [address.path] : [])));
  }

  async #settleAddress(name: string, address: ListenAddress): Promise<ListenAddress> {
    if (address.kind === "unix") {
      if (!this.#sockets.has(address.path)) await removeStaleSocket(address.path);
      return address;
    }
    if (address.port !== 0) return address;
    const key = `${name} ${formatListenAddress(address)}`;
    const port = this.#ports.get(key) ?? (await findFreePort(address));
    this.#ports.set(key, port);
    return { ...address, port };
  }
}

/** Workers that each asked for any port could be given different ones. */
async function findFreePort(address: Extract<ListenAddress, { kind: "tcp" }>): Promise<number> {
  const server = createServer();
  try {
    server.listen({ host: address.host, port: 0, exclusive: true });
    await once(server, "listening");
    const bound = server.address();
    return typeof bound === "object" && bound !== null ? bound.port : 0;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new Error(`cannot listen on ${formatListenAddress(address)} (${code})`, { cause: error });
  } finally {
    server.close();
  }
}
