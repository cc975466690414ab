import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface TestUpstream {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** All values of a header of the last request, by its exact lower-case name. */
  valuesOf(name: string): readonly string[];
  close(): Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse, seen: SeenRequest) => void;

/** A real HTTP server that keeps what it saw. */
export async function startUpstream(handle: Handler = answerOk): Promise<TestUpstream> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => undefined);
    request.on("end", () => {
      const { method = "", url = "", rawHeaders } = request;
      const entry = { method, url, rawHeaders, body: Buffer.concat(chunks).toString("utf8") };
      seen.push(entry);
      handle(request, response, entry);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    valuesOf(name) {
      const raw = seen.at(-1)?.rawHeaders ?? [];
      return raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name);
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answerOk(_request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("Content-Type", "text/plain");
  response.end("upstream");
}
