/** Hands a WebSocket handshake on, and joins both sides where the upstream agrees. */

import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { pipeline } from "node:stream/promises";

import type { Tunnel } from "./create-tunnel.ts";
import { createTunnel } from "./create-tunnel.ts";
import type { Upstream } from "./create-upstream.ts";
import { listClientFields } from "./forward-headers.ts";

export interface UpgradeExchange {
  readonly upstream: Upstream;
  readonly target: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly response: ServerResponse;
  readonly socket: Socket;
  /** What the client sent after its handshake. */
  readonly head: Buffer;
  readonly idleTimeoutMs: number;
  /** Called with the upstream's status before the client is answered. */
  onStatus(status: number): void;
  /** Called where the tunnel is open; gives the function to call at its end. */
  onOpen(tunnel: Tunnel): () => void;
}

/** Resolves when the tunnel, or the upstream's other answer, has ended. Rejects where the upstream failed. */
export async function forwardUpgrade(exchange: UpgradeExchange): Promise<void> {
  const { upstream, response, socket } = exchange;
  const abort = new AbortController();
  const onClose = (): void => abort.abort();
  socket.once("close", onClose);
  try {
    const answer = await upstream.upgrade({
      target: exchange.target,
      headers: exchange.headers,
      signal: abort.signal,
    });
    if (answer.kind === "answered") {
      response.writeHead(answer.status, [...listClientFields(answer.headers), "Connection", "close"]);
      exchange.onStatus(answer.status);
      return await pipeline(answer.body, response);
    }
    if (socket.destroyed) {
      answer.socket.destroy();
      return;
    }
    exchange.onStatus(101);
    await join(exchange, answer);
  } finally {
    socket.off("close", onClose);
  }
}

async function join(
  exchange: UpgradeExchange,
  answer: {
    readonly headers: Parameters<typeof listClientFields>[0];
    readonly socket: Parameters<typeof createTunnel>[0]["upstream"];
  },
): Promise<void> {
  const { response, socket, head } = exchange;
  response.detachSocket(socket);
  // The server's timeout is for answers; the tunnel has its own.
  socket.setTimeout(0);
  socket.write(writeSwitch(answer.headers), "latin1");
  if (head.length > 0) socket.unshift(head);
  const tunnel = createTunnel({
    client: socket,
    upstream: answer.socket,
    idleTimeoutMs: exchange.idleTimeoutMs,
  });
  const release = exchange.onOpen(tunnel);
  await tunnel.closed;
  release();
}

/** The parser of the upstream's answer has made sure that no value holds a line break. */
function writeSwitch(headers: Parameters<typeof listClientFields>[0]): string {
  const fields = listClientFields(headers);
  const lines = fields.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${fields[index + 1]}`] : []));
  const start = ["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket"];
  return [...start, ...lines, "", ""].join("\r\n");
}
