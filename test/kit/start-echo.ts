/** The upstream of the tests: it says what reached it. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

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
  close(): Promise<void>;
}

export async function startEcho(): Promise<EchoServer> {
  let answered = 0;
  const server = createServer((request, response) => {
    answered += 1;
    const { rawHeaders, method = "", url: target = "" } = request;
    const headers = Array.from(
      { length: rawHeaders.length / 2 },
      (_, index) => [rawHeaders[index * 2] ?? "", rawHeaders[index * 2 + 1] ?? ""] as const,
    );
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ method, target, headers, body } satisfies Echo));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    address,
    url: `http://${address}`,
    count: () => answered,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
