/** Follows WebSocket frames (RFC 6455 section 5.2) without reading them, so that a close frame can be put between two. */

import { randomBytes } from "node:crypto";
import type { TransformCallback } from "node:stream";
import { Transform } from "node:stream";

const FIN_AND_CLOSE = 0x88;
const MASKED = 0x80;
const LENGTH_BITS = 0x7f;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** Why a tunnel is closed: RFC 6455 section 7.4.1. */
export type CloseCode = 1001 | 1008;

/**
 * Passes the octets of one direction on. After `close`, it passes the frame that has begun, then a close frame
 * of its own, then nothing.
 */
export class FrameGate extends Transform {
  readonly #masks: boolean;
  #header: number[] = [];
  #payloadLeft = 0;
  #closeFrame: Buffer | undefined;
  #closed = false;

  /** `masks`: whether frames of this direction are masked, as a client's are. */
  constructor(masks: boolean) {
    super();
    this.#masks = masks;
  }

  /** True once the close frame was passed on. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Idempotent; the first code counts. */
  close(code: CloseCode): void {
    this.#closeFrame ??= writeCloseFrame(code, this.#masks);
    if (this.#isBetweenFrames()) this.#finish();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#closed) {
      done();
      return;
    }
    const end = this.#advance(chunk);
    this.push(end === chunk.length ? chunk : chunk.subarray(0, end));
    if (this.#closeFrame !== undefined && this.#isBetweenFrames()) this.#finish();
    done();
  }

  override _flush(done: TransformCallback): void {
    this.#closed = true;
    done();
  }

  #finish(): void {
    if (this.#closed || this.#closeFrame === undefined) return;
    this.#closed = true;
    this.push(this.#closeFrame);
    this.push(null);
    this.emit("closed");
  }

  #isBetweenFrames(): boolean {
    return this.#header.length === 0 && this.#payloadLeft === 0;
  }

  /** Counts octets; stops at the end of a frame where the gate is to be closed. */
  #advance(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= taken;
        at += taken;
      } else {
        this.#header.push(chunk[at] ?? 0);
        at += 1;
        this.#readHeader();
      }
      if (this.#closeFrame !== undefined && this.#isBetweenFrames()) break;
    }
    return at;
  }

  #readHeader(): void {
    const header = this.#header;
    if (header.length < 2) return;
    const length = (header[1] ?? 0) & LENGTH_BITS;
    const lengthBytes = length === LENGTH_16 ? 2 : length === LENGTH_64 ? 8 : 0;
    const maskBytes = ((header[1] ?? 0) & MASKED) === 0 ? 0 : 4;
    if (header.length < 2 + lengthBytes + maskBytes) return;
    // A length beyond 2^53 is none; then the frame has no end, and the tunnel is cut instead of closed.
    this.#payloadLeft =
      lengthBytes === 0
        ? length
        : header.slice(2, 2 + lengthBytes).reduce((sum, octet) => sum * 256 + octet, 0);
    this.#header = [];
  }
}

function writeCloseFrame(code: CloseCode, masks: boolean): Buffer {
  const payload = Buffer.from([code >> 8, code & 0xff]);
  if (!masks) return Buffer.from([FIN_AND_CLOSE, payload.length, ...payload]);
  const mask = randomBytes(4);
  const masked = payload.map((octet, index) => octet ^ (mask[index] ?? 0));
  return Buffer.from([FIN_AND_CLOSE, MASKED | payload.length, ...mask, ...masked]);
}
