import { createHash } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export interface WebSocketUpstream {
  readonly url: string;
  readonly handshakes: IncomingMessage[];
  readonly sockets: Duplex[];
  /** Octets that came after the handshakes, of all connections. */
  received(): Buffer;
  close(): Promise<void>;
}

type Answer = (request: IncomingMessage, socket: Duplex) => void;

/** A server that accepts WebSockets and says nothing, or answers handshakes in its own way. */
export async function startWebSocketUpstream(answer: Answer = acceptHandshake): Promise<WebSocketUpstream> {
  const handshakes: IncomingMessage[] = [];
  const sockets: Duplex[] = [];
  const chunks: Buffer[] = [];
  const server = createServer((_request, response) => response.end("no upgrade"));
  server.on("upgrade", (request, socket, head) => {
    handshakes.push(request);
    sockets.push(socket);
    chunks.push(head);
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", () => socket.destroy());
    socket.on("end", () => socket.end());
    answer(request, socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    handshakes,
    sockets,
    received: () => Buffer.concat(chunks),
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function acceptHandshake(request: IncomingMessage, socket: Duplex): void {
  const key = request.headers["sec-websocket-key"] ?? "";
  const accept = createHash("sha1").update(`${key}${MAGIC}`).digest("base64");
  const lines = ["Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`];
  socket.write(["HTTP/1.1 101 Switching Protocols", ...lines, "X-Private: 1", "", ""].join("\r\n"));
}
