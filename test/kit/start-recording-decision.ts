/** A decision endpoint that decides nothing: it writes down what a gateway asks and answers as it is told. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A question as it came over the wire. */
export interface RecordedQuestion {
  readonly method: string;
  readonly target: string;
  readonly httpVersion: string;
  /** Names and values as they came, repeated ones too. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface CannedAnswer {
  readonly status: number;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
  /** Waits before the answer. Default 0. */
  readonly delayMs?: number;
}

export interface RecordingDecision {
  readonly address: string;
  /** What every question is answered with from now on. Before the first call: 503. */
  answerWith(answer: CannedAnswer): void;
  /** Questions since the last call, in order. */
  takeQuestions(): readonly RecordedQuestion[];
  /** Connections that were opened so far. */
  connections(): number;
  close(): Promise<void>;
}

export async function startRecordingDecision(): Promise<RecordingDecision> {
  let answer: CannedAnswer = { status: 503 };
  let questions: RecordedQuestion[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const server = createServer((request, response) => {
    const { rawHeaders, method = "", url: target = "", httpVersion } = request;
    const headers = pair(rawHeaders);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      questions.push({ method, target, httpVersion, headers, body: Buffer.concat(chunks).toString("utf8") });
      const { status, headers: answered = [], body = "", delayMs = 0 } = answer;
      const respond = (): void => {
        response.writeHead(status, ["Content-Length", String(Buffer.byteLength(body)), ...answered.flat()]);
        response.end(body);
      };
      if (delayMs === 0) return respond();
      const timer = setTimeout(() => {
        timers.delete(timer);
        respond();
      }, delayMs);
      timers.add(timer);
    });
  });
  let connections = 0;
  server.on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    answerWith(next) {
      answer = next;
    },
    takeQuestions() {
      const taken = questions;
      questions = [];
      return taken;
    },
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        for (const timer of timers) clearTimeout(timer);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function pair(rawHeaders: readonly string[]): RecordedQuestion["headers"] {
  return Array.from(
    { length: rawHeaders.length / 2 },
    (_, index) => [rawHeaders[index * 2] ?? "", rawHeaders[index * 2 + 1] ?? ""] as const,
  );
}
