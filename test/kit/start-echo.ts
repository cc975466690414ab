/** The upstream of the tests: it says what reached it. */

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

/** What the upstream saw of one request. */
export interface Echo {
  readonly method: string;
  readonly target: string;
  /** Names and values as they came, repeated ones too. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface EchoServer {
  readonly address: string;
  readonly url: string;
  /** Requests answered so far. */
  count(): number;
  /** What it saw last. */
  last(): Echo | undefined;
  /** Sends the second piece to whoever waits for it. */
  finishStream(): void;
  close(): Promise<void>;
}

/** Answered in two pieces: the second once the first has arrived at the client, which then calls `finishStream`. */
export const STREAM_TARGET = "/orders/stream";
/** Of RFC 6455 section 1.3. */
const WEB_SOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export async function startEcho(): Promise<EchoServer> {
  let answered = 0;
  let last: Echo | undefined;
  const sockets = new Set<Duplex>();
  const waiting = new Set<ServerResponse>();
  const note = (request: IncomingMessage, body: string): Echo => {
    const { rawHeaders, method = "", url: target = "" } = request;
    const headers = Array.from(
      { length: rawHeaders.length / 2 },
      (_, index) => [rawHeaders[index * 2] ?? "", rawHeaders[index * 2 + 1] ?? ""] as const,
    );
    last = { method, target, headers, body };
    return last;
  };
  const server = createServer((request, response) => {
    answered += 1;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => {});
    request.on("end", () => {
      const echo = note(request, Buffer.concat(chunks).toString("utf8"));
      if (echo.target === STREAM_TARGET) {
        response.setHeader("Content-Type", "text/event-stream");
        response.write("data: one\n\n");
        waiting.add(response);
        response.once("close", () => waiting.delete(response));
        return;
      }
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify(echo));
    });
  });
  server.on("upgrade", (request, socket) => {
    answered += 1;
    note(request, "");
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => sockets.delete(socket));
    acceptWebSocket(request, socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    address,
    url: `http://${address}`,
    count: () => answered,
    last: () => last,
    finishStream: () => {
      for (const response of waiting) response.end("data: two\n\n");
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Accepts, and sends one text frame ("hello") as a sign of life. */
function acceptWebSocket({ headers }: IncomingMessage, socket: Duplex): void {
  const accept = createHash("sha1")
    .update(`${headers["sec-websocket-key"]}${WEB_SOCKET_GUID}`)
    .digest("base64");
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
  ];
  socket.write([...lines, "", ""].join("\r\n"));
  socket.write(Buffer.from([0x81, 5, ...Buffer.from("hello")]));
}
