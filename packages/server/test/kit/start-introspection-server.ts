import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";

/** A question as it came over the wire. */
export interface SeenQuestion {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly form: URLSearchParams;
  readonly response: ServerResponse;
}

export interface IntrospectionServer {
  readonly endpoint: string;
  readonly seen: SeenQuestion[];
  /** How questions are answered from now on. An object is sent as JSON; undefined is never answered. */
  answerWith(answer: IntrospectionReply): void;
  connections(): number;
  close(): Promise<void>;
}

export type IntrospectionReply = object | undefined | ((question: SeenQuestion) => void | Promise<void>);

/** An introspection endpoint that answers as it is told, well or badly. */
export async function startIntrospectionServer(tls?: ServerOptions): Promise<IntrospectionServer> {
  const seen: SeenQuestion[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let reply: IntrospectionReply = { active: false };
  const handle: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", headers } = request;
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      const question = { method, headers, form, response };
      seen.push(question);
      if (typeof reply === "function") void reply(question);
      else if (reply !== undefined) sendJson(response, reply);
    });
  };
  const server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
  server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined).once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    endpoint:
      tls === undefined ? `http://127.0.0.1:${port}/introspect` : `https://localhost:${port}/introspect`,
    seen,
    answerWith(next) {
      reply = next;
    },
    connections: () => connections,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

export function sendJson(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}
