/** The one message of a call, gathered from the pieces in which it comes. */

import { GRPC_STATUS, type GrpcFailure } from "./grpc-status.ts";

/** Bytes of unfinished messages that a door holds for all its callers. */
export interface ByteBudget {
  left: number;
}

/** Longest message in bytes. Envoy takes 60 KiB of headers unless it is told otherwise. */
export const MAX_CHECK_BYTES = 1_048_576;
/** A flag, and the length of what follows, before every message. */
const PREFIX_BYTES = 5;
const NO_BYTES = Buffer.alloc(0);

const TOO_LONG: GrpcFailure = {
  code: GRPC_STATUS.resourceExhausted,
  details: `Expected a message of at most ${MAX_CHECK_BYTES} bytes`,
};
const TOO_MANY_BYTES: GrpcFailure = {
  code: GRPC_STATUS.resourceExhausted,
  details: "Too many long messages at the same time",
};
const COMPRESSED: GrpcFailure = {
  code: GRPC_STATUS.unimplemented,
  details: "Messages are read uncompressed only",
};
const BAD_FLAG: GrpcFailure = {
  code: GRPC_STATUS.internal,
  details: "Expected the message to be uncompressed, as its grpc-encoding says",
};
const CUT: GrpcFailure = { code: GRPC_STATUS.internal, details: "The message ends before its end" };
const NOT_ONE: GrpcFailure = { code: GRPC_STATUS.unimplemented, details: "Expected exactly one message" };

export class MessageCollector {
  /** The client said that it may compress: only how such a message is refused depends on it. */
  mayCompress = false;
  readonly #budget: ByteBudget;
  /** What has come, prefix and all; beyond `#size` it is unwritten. */
  #bytes: Buffer = NO_BYTES;
  #size = 0;
  #isOwn = false;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** Takes the next piece. Gives why the call fails, as early as it is known. */
  add(piece: Buffer): GrpcFailure | undefined {
    if (this.#size === 0) {
      // Nearly always it is all there is, and stays where it is.
      this.#bytes = piece;
      this.#size = piece.length;
      return this.#check();
    }
    if (!this.#grow(this.#size + piece.length)) return TOO_MANY_BYTES;
    piece.copy(this.#bytes, this.#size);
    this.#size += piece.length;
    return this.#check();
  }

  /** The message, once the client has ended its side. */
  end(): Buffer | GrpcFailure {
    if (this.#size === 0) return NOT_ONE;
    if (this.#size < PREFIX_BYTES || this.#size < this.#wholeSize()) return CUT;
    return this.#bytes.subarray(PREFIX_BYTES, this.#size);
  }

  /** Gives back what it held of the budget. */
  release(): void {
    if (this.#isOwn) this.#budget.left += this.#bytes.length;
    this.#bytes = NO_BYTES;
    this.#isOwn = false;
  }

  #check(): GrpcFailure | undefined {
    if (this.#size === 0) return undefined;
    const flag = this.#bytes[0];
    if (flag !== 0) return flag === 1 && this.mayCompress ? COMPRESSED : BAD_FLAG;
    if (this.#size < PREFIX_BYTES) return undefined;
    const whole = this.#wholeSize();
    if (whole > PREFIX_BYTES + MAX_CHECK_BYTES) return TOO_LONG;
    return this.#size > whole ? NOT_ONE : undefined;
  }

  #wholeSize(): number {
    return PREFIX_BYTES + this.#bytes.readUInt32BE(1);
  }

  /**
   * Room for what really came, and not for what a prefix announces. One buffer, since each piece would keep the whole
   * block alive that it was read into, however small it is.
   */
  #grow(size: number): boolean {
    if (this.#isOwn && size <= this.#bytes.length) return true;
    const capacity = Math.max(size, 2 * this.#size);
    const extra = capacity - (this.#isOwn ? this.#bytes.length : 0);
    if (extra > this.#budget.left) return false;
    this.#budget.left -= extra;
    const bytes = Buffer.allocUnsafeSlow(capacity);
    this.#bytes.copy(bytes, 0, 0, this.#size);
    this.#bytes = bytes;
    this.#isOwn = true;
    return true;
  }
}
