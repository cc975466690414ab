/** gRPC in raw frames of HTTP/2. */

import assert from "node:assert/strict";

import { callWire, connectWire, frameWire } from "./grpc-wire.ts";
import { ACK, connectRaw, END_STREAM, FRAME, type Frame, type RawHttp2 } from "./raw-http2.ts";

/** An empty message with its prefix. */
export const EMPTY: Buffer = frameWire(Buffer.alloc(0));
/** The setting of a client that takes no DATA. */
export const NO_WINDOW: Buffer = Buffer.from([0, 4, 0, 0, 0, 0]);

/** Trailers, or headers that are all there is. */
export function isLastOf(stream: number): (frame: Frame) => boolean {
  return ({ type, stream: id, flags }) => type === FRAME.headers && id === stream && (flags & END_STREAM) > 0;
}

/** The error code of RST_STREAM. */
export async function resetOf(raw: RawHttp2, stream: number): Promise<number> {
  const frame = await raw.waitFor(({ type, stream: id }) => type === FRAME.rstStream && id === stream);
  return frame.payload.readUInt32BE();
}

/** Another client is served as if nothing were. */
export async function assertServes(address: string): Promise<void> {
  const session = connectWire(address);
  assert.equal((await callWire(session)).grpcStatus, 0);
  session.close();
}

/** Connects and acknowledges the settings, so that the server's bounds hold. */
export async function connectSettled(address: string, settings?: Uint8Array): Promise<RawHttp2> {
  const raw = await connectRaw(address, settings === undefined ? {} : { settings });
  await raw.waitFor(({ type, flags }) => type === FRAME.settings && flags === 0);
  raw.send("settings", { flags: ACK });
  return raw;
}
