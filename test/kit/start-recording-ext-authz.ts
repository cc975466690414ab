/** A gRPC server that knows no messages: it writes down the bytes that Envoy asks with, and answers with given ones. */

import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";

/** A call as it came over the wire. */
export interface RecordedCall {
  /** Such as "/envoy.service.auth.v3.Authorization/Check". */
  readonly path: string;
  readonly metadata: IncomingHttpHeaders;
  /** The message, without gRPC's five bytes before it. */
  readonly message: Buffer;
}

/** An answer: the bytes of a message, or a gRPC status other than 0 (OK). */
export type CannedReply = { readonly message: Uint8Array } | { readonly grpcStatus: number };

export interface RecordingExtAuthz {
  readonly address: string;
  /** What every call is answered with from now on. Before the first: status 14 (UNAVAILABLE). */
  answerWith(reply: CannedReply): void;
  /** Calls since the last time this was asked, in order. */
  takeCalls(): readonly RecordedCall[];
  close(): Promise<void>;
}

const UNAVAILABLE = 14;
const PREFIX_BYTES = 5;

export async function startRecordingExtAuthz(): Promise<RecordingExtAuthz> {
  let reply: CannedReply = { grpcStatus: UNAVAILABLE };
  let calls: RecordedCall[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  server.on("stream", (stream: ServerHttp2Stream, metadata) => {
    const chunks: Buffer[] = [];
    stream.on("error", () => {});
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const message = Buffer.concat(chunks).subarray(PREFIX_BYTES);
      calls.push({ path: String(metadata[":path"]), metadata, message });
      const head = { ":status": 200, "content-type": "application/grpc" };
      if ("grpcStatus" in reply) {
        stream.respond({ ...head, "grpc-status": String(reply.grpcStatus) }, { endStream: true });
        return;
      }
      stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.respond(head, { waitForTrailers: true });
      stream.end(frame(reply.message));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    answerWith(next) {
      reply = next;
    },
    takeCalls() {
      const taken = calls;
      calls = [];
      return taken;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
}

/** gRPC's frame of a message that is not compressed. */
function frame(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
