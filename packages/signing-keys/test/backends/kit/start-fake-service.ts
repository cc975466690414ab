/** A local HTTP server in the place of a cloud service: what it answers is the fake's, how it fails is the test's. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

export interface FakeRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface FakeAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** What happens to a request in place of its answer. */
export type FakeFault =
  | { readonly kind: "answer"; readonly answer: FakeAnswer }
  /** The service's own answer, changed on the way. */
  | { readonly kind: "change"; readonly change: (answer: FakeAnswer) => FakeAnswer }
  /** Nothing is ever said. */
  | { readonly kind: "hang" }
  /** The connection ends. */
  | { readonly kind: "cut" }
  /** An answer that never ends. */
  | { readonly kind: "endless" };

export interface FakeService {
  readonly url: string;
  readonly requests: FakeRequest[];
  /** Requests that `matches` meet this fault, the next `times` of them. Default all until `heal`. */
  fail(fault: FakeFault, options?: { readonly matches?: RegExp; readonly times?: number }): void;
  heal(): void;
  stop(): Promise<void>;
}

export interface FakeServiceOptions {
  readonly answer: (request: FakeRequest) => FakeAnswer | Promise<FakeAnswer>;
  readonly tls?: { readonly certificate: string; readonly privateKey: string };
}

interface PlannedFault {
  readonly fault: FakeFault;
  readonly matches: RegExp;
  left: number;
}

const CHUNK = Buffer.alloc(16_384, " ");

export async function startFakeService({ answer, tls }: FakeServiceOptions): Promise<FakeService> {
  const requests: FakeRequest[] = [];
  let planned: PlannedFault[] = [];

  const takeFault = ({ method, target, headers }: FakeRequest): FakeFault | undefined => {
    const line = `${method} ${target} ${headers["x-amz-target"] ?? ""}`;
    const found = planned.find(({ matches, left }) => left > 0 && matches.test(line));
    if (found !== undefined) found.left--;
    return found?.fault;
  };

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    requests.push(request);
    const fault = takeFault(request);
    if (fault === undefined) return writeAnswer(outgoing, await answer(request));
    switch (fault.kind) {
      case "answer":
        return writeAnswer(outgoing, fault.answer);
      case "change":
        return writeAnswer(outgoing, fault.change(await answer(request)));
      case "hang":
        return;
      case "cut":
        incoming.socket.destroy();
        return;
      case "endless":
        outgoing.writeHead(200, { "content-type": "application/json" });
        writeWithoutEnd(outgoing);
    }
  };
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    handle(incoming, outgoing).catch((error: unknown) => {
      outgoing.writeHead(599).end(String(error));
    });
  };
  const server =
    tls === undefined
      ? createServer(listener)
      : createTlsServer({ cert: tls.certificate, key: tls.privateKey }, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    requests,
    fail(fault, { matches = /./, times = Number.POSITIVE_INFINITY } = {}) {
      planned.push({ fault, matches, left: times });
    },
    heal() {
      planned = [];
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readRequest(incoming: IncomingMessage): Promise<FakeRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
  );
  return {
    method: incoming.method ?? "",
    target: incoming.url ?? "",
    headers,
    body: Buffer.concat(chunks).toString("utf8"),
  };
}

function writeAnswer(outgoing: ServerResponse, { status, headers = {}, body = "" }: FakeAnswer): void {
  outgoing.writeHead(status, { "content-type": "application/json", ...headers });
  outgoing.end(body);
}

function writeWithoutEnd(outgoing: ServerResponse): void {
  if (outgoing.destroyed) return;
  outgoing.write(CHUNK, (error) => {
    if (error === undefined || error === null) setImmediate(() => writeWithoutEnd(outgoing));
  });
}

/** A JSON answer. */
export function answerJson(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): FakeAnswer {
  return { status, headers, body: JSON.stringify(body) };
}
