/** A TCP proxy on loopback that does harm on demand: toxiproxy's vocabulary, in this process. */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { checkToxic, type Toxic, type ToxicStream } from "./toxic.ts";
import { type ActiveToxic, ToxicLink } from "./toxic-link.ts";

/** Where a proxy leads to, on this machine. */
export interface FaultProxySetup {
  readonly targetPort: number;
  /** For jitter, sizes and toxicity; from 0 to 1. Default `Math.random`. */
  readonly random?: () => number;
}

interface NamedToxic extends ActiveToxic {
  readonly removal: AbortController;
}

interface Connection {
  readonly sockets: readonly Socket[];
  readonly links: readonly ToxicLink[];
}

/** Most connections at a time; more are closed at once. */
const MAX_CONNECTIONS = 1024;

export class FaultProxy {
  readonly #targetPort: number;
  readonly #random: () => number;
  readonly #toxics = new Map<string, NamedToxic>();
  readonly #connections = new Set<Connection>();
  #server: Server | undefined;
  #port = 0;

  private constructor(setup: FaultProxySetup) {
    this.#targetPort = setup.targetPort;
    this.#random = setup.random ?? Math.random;
  }

  /** Listens on a free port of 127.0.0.1. */
  static async start(setup: FaultProxySetup): Promise<FaultProxy> {
    const proxy = new FaultProxy(setup);
    await proxy.up();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * From now on, also for connections that are open. A name that is in use is replaced.
   *
   * @throws RangeError where a measure is out of bounds.
   */
  add(name: string, toxic: Toxic): void {
    checkToxic(toxic);
    this.remove(name);
    const removal = new AbortController();
    this.#toxics.set(name, { toxic, removal, removed: removal.signal });
    for (const { links } of this.#connections) for (const link of links) link.poke();
  }

  /** Whether there was one. Connections that "timeout" held are closed. */
  remove(name: string): boolean {
    const toxic = this.#toxics.get(name);
    this.#toxics.delete(name);
    toxic?.removal.abort();
    return toxic !== undefined;
  }

  /** Removes every toxic. */
  reset(): void {
    for (const name of this.#toxics.keys()) this.remove(name);
  }

  /** Listens no more, and cuts what is open; idempotent. */
  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = once(server, "close");
    server.close();
    for (const { sockets } of this.#connections) for (const socket of sockets) socket.destroy();
    await closed;
  }

  /** Listens again, on the same port; idempotent. */
  async up(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true }, (near) => this.#join(near));
    server.maxConnections = MAX_CONNECTIONS;
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Removes every toxic and ends. */
  async stop(): Promise<void> {
    this.reset();
    await this.down();
  }

  #join(near: Socket): void {
    const far = connect({ port: this.#targetPort, host: "127.0.0.1", allowHalfOpen: true });
    // Decided once for each connection, as toxiproxy does.
    const luck = new Map<ActiveToxic, boolean>();
    const listFor = (stream: ToxicStream): readonly ActiveToxic[] =>
      [...this.#toxics.values()].filter((active) => {
        if ((active.toxic.stream ?? "downstream") !== stream) return false;
        const isMeant = luck.get(active) ?? this.#random() < (active.toxic.toxicity ?? 1);
        luck.set(active, isMeant);
        return isMeant;
      });
    const random = this.#random;
    const connection: Connection = {
      sockets: [near, far],
      links: [
        new ToxicLink({ from: near, to: far, toxics: () => listFor("upstream"), random }),
        new ToxicLink({ from: far, to: near, toxics: () => listFor("downstream"), random }),
      ],
    };
    this.#connections.add(connection);
    near.once("close", () => this.#connections.delete(connection));
    for (const link of connection.links) link.poke();
  }
}
