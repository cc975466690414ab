/** What a fault proxy can do to a connection: the vocabulary of toxiproxy, with units in the names. */

/** "upstream": what clients send. "downstream": what the server answers. */
export type ToxicStream = "upstream" | "downstream";

/** One kind of harm, with its measures. */
export type ToxicKind =
  /** Everything comes later by so much, give or take the jitter. */
  | { readonly type: "latency"; readonly latencyMs: number; readonly jitterMs?: number }
  | { readonly type: "bandwidth"; readonly bytesPerSecond: number }
  /** The end of the connection is passed on later. */
  | { readonly type: "slow_close"; readonly delayMs: number }
  /** Nothing comes through; the connection is closed after so long, or with 0 once the toxic is removed. */
  | { readonly type: "timeout"; readonly timeoutMs: number }
  /** The connection is reset (RST) after so long. */
  | { readonly type: "reset_peer"; readonly afterMs: number }
  /** Comes in pieces of about this size, with a pause after each. */
  | {
      readonly type: "slicer";
      readonly averageBytes: number;
      readonly variationBytes?: number;
      readonly delayMs?: number;
    }
  /** The connection is closed after so many bytes. */
  | { readonly type: "limit_data"; readonly bytes: number };

/** A toxic as it is added to a proxy. */
export type Toxic = ToxicKind & {
  /** Default "downstream". */
  readonly stream?: ToxicStream;
  /** Share of connections that it is for, 0..1. Default 1. */
  readonly toxicity?: number;
};

const MAX_MS = 600_000;
const MAX_BYTES = 1_073_741_824;

/** Least and largest value of each measure. */
const BOUNDS: Readonly<Record<string, readonly [number, number]>> = {
  latencyMs: [0, MAX_MS],
  jitterMs: [0, MAX_MS],
  bytesPerSecond: [1, MAX_BYTES],
  delayMs: [0, MAX_MS],
  timeoutMs: [0, MAX_MS],
  afterMs: [0, MAX_MS],
  averageBytes: [1, MAX_BYTES],
  variationBytes: [0, MAX_BYTES],
  bytes: [0, MAX_BYTES],
  toxicity: [0, 1],
};

/** @throws RangeError that names the measure, what was expected and what was found. */
export function checkToxic(toxic: Toxic): void {
  for (const [name, value] of Object.entries(toxic)) {
    const bounds = BOUNDS[name];
    if (bounds === undefined) continue;
    const [least, largest] = bounds;
    if (typeof value === "number" && value >= least && value <= largest) continue;
    throw new RangeError(`${toxic.type}.${name}: expected ${least} to ${largest}, found ${String(value)}`);
  }
}
