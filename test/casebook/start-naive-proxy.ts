/** A gateway with the faults that the casebook is about, so that its probes are seen to find something. */

import { once } from "node:events";
import { createServer, request as sendRequest } from "node:http";
import type { AddressInfo } from "node:net";

export interface NaiveProxy {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Guards by searching the open folder anywhere in the target, believes who says that a request is another, reads the
 * token wherever it finds the word, looks at no signature, and adds the identity to what the client sent.
 */
export async function startNaiveProxy(application: string): Promise<NaiveProxy> {
  const { hostname, port } = new URL(application);
  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    const described = request.headers["x-forwarded-uri"] ?? request.headers["x-original-url"] ?? request.url;
    const isOpen = /public/.test(String(described));
    const token = /Bearer (\S+)/.exec(request.headers.authorization ?? "")?.[1];
    const subject = token === undefined ? undefined : readSubject(token);
    if (!isOpen && subject === undefined) {
      response.writeHead(401).end(`no subject in ${JSON.stringify(token?.length ?? 0)}`);
      return;
    }
    const headers = [...request.rawHeaders, ...(subject === undefined ? [] : ["X-Auth-Subject", subject])];
    const forwarded = sendRequest(
      { hostname, port, path: request.url, method: request.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    forwarded.on("error", () => response.destroy());
    request.pipe(forwarded);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function readSubject(token: string): string | undefined {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as {
      readonly sub?: unknown;
    };
    return typeof claims.sub === "string" ? encodeURIComponent(claims.sub) : undefined;
  } catch {
    return undefined;
  }
}
