/** gRPC over node's HTTP/2 client without a gRPC library: headers and bytes as the test gives them. */

import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from "node:http2";

import { CHECK } from "./grpc-client.ts";

export interface WireAnswer {
  readonly status: number;
  /** Headers and trailers. */
  readonly headers: Readonly<Record<string, string>>;
  /** `grpc-status` as a number; undefined where there is none. */
  readonly grpcStatus: number | undefined;
  readonly body: Buffer;
  /** Of HTTP/2, with which the stream ended. */
  readonly resetCode: number;
  /** Of the call's, those that could be sent before the stream ended. */
  readonly sentPieces: number;
}

export interface WireCall {
  readonly headers?: OutgoingHttpHeaders;
  /** What is sent, piece by piece, each in a DATA frame of its own. Default one empty message. */
  readonly pieces?: readonly Uint8Array[];
  /** False: the client never ends its side. Default true. */
  readonly ends?: boolean;
}

/** gRPC's frame. */
export function frameWire(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

export function connectWire(address: string): ClientHttp2Session {
  const session = connect(`http://${address}`);
  session.on("error", () => {});
  return session;
}

/** Resolves once the stream has ended, however it did. */
export function callWire(session: ClientHttp2Session, call: WireCall = {}): Promise<WireAnswer> {
  const { headers, pieces = [frameWire(Buffer.alloc(0))], ends = true } = call;
  const stream = session.request(
    { ":method": "POST", ":path": CHECK, "content-type": "application/grpc", te: "trailers", ...headers },
    { endStream: false },
  );
  const told: Record<string, string> = {};
  const keep = (fields: object): void => {
    for (const [name, value] of Object.entries(fields)) told[name] = String(value);
  };
  const chunks: Buffer[] = [];
  stream.on("response", keep);
  stream.on("trailers", keep);
  stream.on("error", () => {});
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  let sentPieces = 0;
  const sendFrom = (index: number): void => {
    const piece = pieces[index];
    if (stream.destroyed) return;
    sentPieces = index;
    if (piece !== undefined) stream.write(piece, () => sendFrom(index + 1));
    else if (ends) stream.end();
  };
  sendFrom(0);
  return new Promise((resolve) => {
    stream.once("close", () =>
      resolve({
        status: Number(told[":status"]),
        headers: told,
        grpcStatus: told["grpc-status"] === undefined ? undefined : Number(told["grpc-status"]),
        body: Buffer.concat(chunks),
        resetCode: stream.rstCode,
        sentPieces,
      }),
    );
  });
}
