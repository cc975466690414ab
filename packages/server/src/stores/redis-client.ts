/** The client library for one server and for a cluster behind one small face. */

import { createClient, createCluster, type RedisClientOptions } from "@redis/client";

export interface RedisOptions {
  /** `redis://` or `rediss://` (TLS), one of a single server, or some of the nodes of a cluster. */
  readonly urls: readonly [string, ...string[]];
  /** Default false. */
  readonly isCluster?: boolean;
  /** An ACL user, with the rights that `docs/decisions/0010-revocation-in-memory.md` lists. */
  readonly username?: string;
  readonly password?: string;
  /** PEM texts; what is left out is the runtime's default. The server's certificate is always checked. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** Of every key. Default "countersign". */
  readonly prefix?: string;
  /** Of a call with all of its attempts. Default 5000; 10..60000. */
  readonly timeoutMs?: number;
  /** Replicas that must have a write before it counts as acknowledged. Default 0; 0..16. */
  readonly replicas?: number;
}

/** Commands fail at once while there is no connection; it is made again by itself. */
export interface RedisClient {
  /** Settles when there is a connection for the first time, or never will be. */
  connect(): Promise<unknown>;
  destroy(): void;
  send(key: string, args: string[]): Promise<unknown>;
}

const CONNECT_TIMEOUT_MS = 2000;
const MAX_QUEUED_COMMANDS = 10_000;
const LONGEST_RECONNECT_MS = 1000;

export function createRedisClient(options: RedisOptions): RedisClient {
  const common = describeConnection(options);
  const [url] = options.urls;
  if (options.isCluster === true) {
    const cluster = createCluster({
      RESP: 2,
      rootNodes: options.urls.map((node) => ({ ...common, url: node })),
      defaults: common,
    });
    return superviseClient(cluster, {
      readyEvent: "node-ready",
      send: (key, args) => cluster.sendCommand(key, false, args),
    });
  }
  const client = createClient({ RESP: 2, ...common, url });
  return superviseClient(client, { readyEvent: "ready", send: (_, args) => client.sendCommand(args) });
}

interface Supervised {
  on(event: string, listener: () => void): unknown;
  connect(): Promise<unknown>;
  destroy(): void;
}

function superviseClient(
  client: Supervised,
  { readyEvent, send }: { readonly readyEvent: string; readonly send: RedisClient["send"] },
): RedisClient {
  let isDestroyed = false;
  // What is wrong is learned from the commands that fail.
  client.on("error", () => undefined);
  // One that is destroyed while it connects would connect all the same, and stay.
  client.on(readyEvent, () => {
    if (isDestroyed) client.destroy();
  });
  return {
    connect: () => client.connect(),
    destroy: () => {
      isDestroyed = true;
      client.destroy();
    },
    send,
  };
}

function describeConnection({ username, password, tls, urls }: RedisOptions): ConnectionOptions {
  const socket = {
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectStrategy: (retries: number): number =>
      Math.min(LONGEST_RECONNECT_MS, 10 * 2 ** Math.min(retries, 10)) * (0.5 + Math.random() / 2),
  };
  const isEncrypted = tls !== undefined || urls[0].startsWith("rediss:");
  return {
    socket: isEncrypted ? { ...socket, ...tls, tls: true } : socket,
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_QUEUED_COMMANDS,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}

type ConnectionOptions = Pick<
  RedisClientOptions,
  "commandsQueueMaxLength" | "disableOfflineQueue" | "password" | "username"
> & { readonly socket: NonNullable<RedisClientOptions["socket"]> };
