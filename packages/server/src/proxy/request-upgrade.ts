/** Asks the upstream for a WebSocket. */

import type { Duplex } from "node:stream";
import { PassThrough } from "node:stream";

import type { Dispatcher } from "undici";
import { ONE_NAME } from "./upstream-name.ts";

type Headers = Readonly<Record<string, string | string[] | undefined>>;

export interface UpgradeRequest {
  readonly target: string;
  /** Names and values in turn, without `Connection` and `Upgrade`. */
  readonly headers: string[];
  readonly signal: AbortSignal;
}

export type UpgradeAnswer =
  | { readonly kind: "switched"; readonly headers: Headers; readonly socket: Duplex }
  /** The upstream answered as if to any other request. */
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly headers: Headers;
      readonly body: PassThrough;
    };

/** The upstream switched to something that was not asked for. */
class WrongProtocolError extends Error {
  override readonly name = "WrongProtocolError";
}

/** Rejects as undici's requests do, or with `WrongProtocolError`. */
export function requestUpgrade(dispatcher: Dispatcher, request: UpgradeRequest): Promise<UpgradeAnswer> {
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(
      { ...ONE_NAME, method: "GET", path: request.target, headers: request.headers, upgrade: "websocket" },
      createHandler(request.signal, { resolve, reject }),
    );
  });
}

function createHandler(
  signal: AbortSignal,
  { resolve, reject }: { resolve(answer: UpgradeAnswer): void; reject(error: Error): void },
): Dispatcher.DispatchHandler {
  const body = new PassThrough();
  body.on("error", () => undefined);
  let stop: (() => void) | undefined;
  const release = (): void => {
    if (stop !== undefined) signal.removeEventListener("abort", stop);
  };
  return {
    onRequestStart(controller) {
      stop = () => controller.abort(new DOMException("the client left", "AbortError"));
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
      body.on("drain", () => controller.resume());
    },
    onRequestUpgrade(_controller, _status, headers, socket) {
      release();
      if (isWebSocket(headers["upgrade"])) return resolve({ kind: "switched", headers, socket });
      socket.destroy();
      reject(new WrongProtocolError("the upstream switched to another protocol than WebSocket"));
    },
    onResponseStart(_controller, status, headers) {
      // Interim answers come before the one that counts.
      if (status >= 200) resolve({ kind: "answered", status, headers, body });
    },
    onResponseData(controller, chunk) {
      if (!body.write(chunk)) controller.pause();
    },
    onResponseEnd() {
      release();
      body.end();
    },
    onResponseError(_controller, error) {
      release();
      body.destroy(error);
      reject(error);
    },
  };
}

function isWebSocket(upgrade: string | string[] | undefined): boolean {
  return typeof upgrade === "string" && upgrade.toLowerCase() === "websocket";
}
