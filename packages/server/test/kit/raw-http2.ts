/** HTTP/2 frame by frame over a bare socket, for what no library would send. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";

export const FRAME = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export type FrameName = keyof typeof FRAME;

/** Flags of frames; the same bit means another thing on another frame. */
export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export interface RawHttp2 {
  send(type: FrameName, frame: { flags?: number; stream?: number; payload?: Uint8Array }): void;
  /** Opens a stream with a POST of this path as gRPC. */
  open(
    stream: number,
    options: { readonly path: string; readonly flags?: number; readonly more?: HeaderList },
  ): void;
  write(bytes: Uint8Array): void;
  /** The first frame so far, or to come, that is looked for. Rejects where the connection ends before. */
  waitFor(matches: (frame: Frame) => boolean): Promise<Frame>;
  /** Resolves once the other end has closed the connection. */
  readonly closed: Promise<void>;
  isClosed(): boolean;
  readonly frames: readonly Frame[];
  /** Reads no more, so that the other end cannot send; `resume` reads on. */
  pause(): void;
  resume(): void;
  /** Says that nothing more comes. */
  end(): void;
  destroy(): void;
}

export type HeaderList = readonly (readonly [name: string, value: string])[];

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const HEADER_BYTES = 9;

/** Connects to "host:port". Says nothing but the preface and empty SETTINGS; acknowledges nothing. */
export async function connectRaw(
  address: string,
  options: { readonly greets?: boolean; readonly settings?: Uint8Array } = {},
): Promise<RawHttp2> {
  const [host, port] = address.split(":");
  const socket = connect({ host: host ?? "", port: Number(port) });
  socket.on("error", () => {});
  await once(socket, "connect");
  const frames: Frame[] = [];
  const waiting = new Set<() => void>();
  const closed = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
  collectFrames(socket, (frame) => {
    frames.push(frame);
    for (const look of waiting) look();
  });
  const send: RawHttp2["send"] = (type, { flags = 0, stream = 0, payload = Buffer.alloc(0) }) =>
    void socket.write(encodeFrame({ type: FRAME[type], flags, stream, payload: Buffer.from(payload) }));
  if (options.greets ?? true) {
    socket.write(PREFACE);
    send("settings", { payload: options.settings ?? Buffer.alloc(0) });
  }
  return {
    send,
    open: (stream, { path, flags = END_HEADERS, more = [] }) =>
      send("headers", { flags, stream, payload: encodeHeaders([...openingOf(path), ...more]) }),
    write: (bytes) => void socket.write(bytes),
    waitFor: (matches) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = frames.find(matches);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        if (socket.closed) reject(new Error("the connection is closed"));
        socket.once("close", () => reject(new Error("the connection was closed")));
        look();
      }),
    closed,
    isClosed: () => socket.closed,
    frames,
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}

function openingOf(path: string): HeaderList {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "countersign"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ];
}

function encodeFrame({ type, flags, stream, payload }: Frame): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** HPACK without its table and its code: literals that are not indexed (RFC 7541 section 6.2.2). */
export function encodeHeaders(headers: HeaderList): Buffer {
  return Buffer.concat(
    headers.flatMap(([name, value]) => [Buffer.from([0]), ...[name, value].map((text) => encodeText(text))]),
  );
}

function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

function collectFrames(socket: Socket, take: (frame: Frame) => void): void {
  let bytes = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + bytes.readUIntBE(0, 3);
      if (bytes.length < end) return;
      const [type = 0, flags = 0] = bytes.subarray(3, 5);
      const stream = bytes.readUInt32BE(5) & 0x7fffffff;
      take({ type, flags, stream, payload: Buffer.from(bytes.subarray(HEADER_BYTES, end)) });
      bytes = bytes.subarray(end);
    }
  });
}
