/** One gRPC call: a stream of HTTP/2, from its opening to its status. */

import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";

import type { Peer } from "../config/trusted-proxies.ts";
import { type ByteBudget, MessageCollector } from "./grpc-message.ts";
import { readOpening } from "./grpc-opening.ts";
import { GRPC_STATUS, type GrpcFailure } from "./grpc-status.ts";

/** A method: it takes one message, and sends one or many. */
export interface GrpcMethod {
  /** True where it answers with a stream of messages, which may go on for ever. */
  readonly streams: boolean;
  /** Answers the call, now or later. Must not throw. */
  handle(call: GrpcCall): void;
}

export interface CallSetup {
  readonly headers: IncomingHttpHeaders;
  readonly peer: Peer;
  /** By path. */
  readonly methods: ReadonlyMap<string, GrpcMethod>;
  readonly budget: ByteBudget;
  /** Longest that a call takes, from its opening until its answer is sent, whatever the client would wait. */
  readonly maxCallMs: number;
}

/** For a client that was refused to end its side by itself. */
const LINGER_MS = 1000;
/** Of node's timers. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const PREFIX_BYTES = 5;
const RESPONSE = { ":status": 200, "content-type": "application/grpc+proto" } as const;
const RESPONSE_OPTIONS = { waitForTrailers: true, sendDate: false } as const;
const REFUSAL_OPTIONS = { endStream: true, sendDate: false } as const;
const TRAILERS = { "grpc-status": "0" } as const;

const UNKNOWN_METHOD: GrpcFailure = { code: GRPC_STATUS.unimplemented, details: "No such method here" };
const TOO_LATE: GrpcFailure = {
  code: GRPC_STATUS.deadlineExceeded,
  details: "The call took longer than it may",
};

/** Takes a stream that was opened: whatever comes on it is answered or reset, and nothing is thrown. */
export function acceptCall(stream: ServerHttp2Stream, setup: CallSetup): void {
  const opening = readOpening(setup.headers);
  const call = new GrpcCall(stream, setup);
  if (opening.kind === "foreign") call.refuse({ ":status": opening.status });
  else if (opening.kind === "refused") call.fail(opening.failure);
  else {
    const method = setup.methods.get(opening.path);
    if (method === undefined) call.fail(UNKNOWN_METHOD);
    else call.receive(method, opening);
  }
}

export class GrpcCall {
  readonly peer: Peer;
  readonly #stream: ServerHttp2Stream;
  readonly #maxCallMs: number;
  readonly #collector: MessageCollector;
  #message: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isEnded = false;

  constructor(stream: ServerHttp2Stream, setup: Pick<CallSetup, "peer" | "budget" | "maxCallMs">) {
    this.peer = setup.peer;
    this.#stream = stream;
    this.#maxCallMs = setup.maxCallMs;
    this.#collector = new MessageCollector(setup.budget);
    // A client may reset its stream at any time; all there is to do then is done on "close".
    stream.on("error", () => undefined);
    stream.on("data", (piece: Buffer) => this.#take(piece));
    stream.on("close", () => {
      this.#isEnded = true;
      this.#collector.release();
      clearTimeout(this.#timer);
    });
  }

  /** The client's message. */
  get message(): Buffer {
    if (this.#message === undefined) throw new TypeError("a call without its message");
    return this.#message;
  }

  /** What was sent last still waits in memory, because the client does not read. */
  get isBackedUp(): boolean {
    return this.#stream.writableLength > 0;
  }

  /** Gathers the message and hands the call over. */
  receive(
    method: GrpcMethod,
    { timeoutMs, mayCompress }: { readonly timeoutMs: number | undefined; readonly mayCompress: boolean },
  ): void {
    this.#collector.mayCompress = mayCompress;
    this.#limit(Math.min(timeoutMs ?? this.#maxCallMs, this.#maxCallMs));
    this.#stream.on("end", () => {
      if (this.#isEnded || this.#stream.closed) return;
      const message = this.#collector.end();
      if ("code" in message) return this.fail(message);
      this.#message = message;
      if (method.streams) this.#limit(timeoutMs);
      method.handle(this);
    });
  }

  /** Calls back once the call is over, however it ended. */
  onClosed(listener: () => void): void {
    this.#stream.once("close", listener);
  }

  /** Sends one of many messages. */
  send(message: Uint8Array): void {
    if (this.#begin()) this.#stream.write(frameMessage(message));
  }

  /** Sends the only message, and status 0. */
  reply(message: Uint8Array): void {
    if (!this.#begin()) return;
    this.#isEnded = true;
    this.#stream.end(frameMessage(message));
  }

  /** Ends a stream of messages with status 0. */
  end(): void {
    if (!this.#begin()) return;
    this.#isEnded = true;
    this.#stream.end();
  }

  /** Ends the call with another status; where an answer has begun, by a reset. */
  fail({ code, details }: GrpcFailure): void {
    const accepts = code === GRPC_STATUS.unimplemented ? { "grpc-accept-encoding": "identity" } : {};
    this.refuse({ ...RESPONSE, "grpc-status": String(code), "grpc-message": details, ...accepts });
  }

  /** Ends the call with these headers; where an answer has begun, by a reset. */
  refuse(headers: Readonly<Record<string, string | number>>): void {
    const stream = this.#stream;
    this.#isEnded = true;
    this.#collector.release();
    if (stream.closed || stream.destroyed) return;
    if (stream.headersSent) {
      this.#reset();
      return;
    }
    stream.respond(headers, REFUSAL_OPTIONS);
    this.#limit(LINGER_MS);
  }

  #take(piece: Buffer): void {
    if (!this.#isEnded) {
      const failure = this.#collector.add(piece);
      if (failure !== undefined) this.fail(failure);
    } else if (this.#isAllSent) this.#reset();
  }

  /** The status has left. A reset before would overtake it, and the client would never know. */
  get #isAllSent(): boolean {
    return this.#stream.state.localClose === 1;
  }

  /** Tells the client that nobody waits for what it still sends, or reads what it does not take. */
  #reset(): void {
    this.#stream.close(this.#isAllSent ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_CANCEL);
  }

  /** Opens the answer where it is not open; false where nobody can be told anything any more. */
  #begin(): boolean {
    const stream = this.#stream;
    if (this.#isEnded || stream.closed || stream.destroyed) return false;
    if (stream.headersSent) return true;
    stream.on("wantTrailers", sendTrailers);
    stream.respond(RESPONSE, RESPONSE_OPTIONS);
    return true;
  }

  /** Runs until the stream is closed: a client that does not take its answer is not waited for either. */
  #limit(timeoutMs: number | undefined): void {
    clearTimeout(this.#timer);
    if (timeoutMs === undefined || timeoutMs > MAX_TIMER_MS) return;
    this.#timer = setTimeout(() => this.fail(TOO_LATE), timeoutMs);
  }
}

function sendTrailers(this: ServerHttp2Stream): void {
  if (!this.closed) this.sendTrailers(TRAILERS);
}

function frameMessage(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}
