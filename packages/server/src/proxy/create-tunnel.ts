import type { Duplex } from "node:stream";

import type { CloseCode } from "./frame-gate.ts";
import { FrameGate } from "./frame-gate.ts";

/** A WebSocket between a client and the upstream. */
export interface Tunnel {
  /** Sends both sides a close frame, then ends; cuts what does not end within a second. */
  close(code: CloseCode): void;
  /** Resolves when both sides are gone. Never rejects. */
  readonly closed: Promise<void>;
}

export interface TunnelEnds {
  readonly client: Duplex;
  readonly upstream: Duplex;
  /** Longest time in which neither side sends. */
  readonly idleTimeoutMs: number;
}

const CLOSE_TIMEOUT_MS = 1000;

/** Joins the two, with backpressure both ways. Either side's end ends the other. */
export function createTunnel({ client, upstream, idleTimeoutMs }: TunnelEnds): Tunnel {
  const down = new FrameGate(false);
  const up = new FrameGate(true);
  const cut = (): void => {
    for (const stream of [client, upstream, down, up]) stream.destroy();
  };
  const idle = setTimeout(cut, idleTimeoutMs);
  let ending: NodeJS.Timeout | undefined;
  const end = (): void => {
    ending ??= setTimeout(cut, CLOSE_TIMEOUT_MS);
  };
  const closed = new Promise<void>((resolve) => {
    let open = 2;
    const onClose = (): void => {
      open -= 1;
      if (open > 0) return;
      clearTimeout(idle);
      clearTimeout(ending);
      cut();
      resolve();
    };
    client.once("close", onClose);
    upstream.once("close", onClose);
  });
  for (const side of [client, upstream]) {
    side.on("error", cut);
    side.once("close", cut);
    // Half a WebSocket is none.
    side.once("end", end);
    side.on("data", () => idle.refresh());
  }
  upstream.pipe(down).pipe(client);
  client.pipe(up).pipe(upstream);
  return {
    closed,
    close(code) {
      end();
      down.close(code);
      up.close(code);
    },
  };
}
