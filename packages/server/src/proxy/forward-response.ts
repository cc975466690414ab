/** Hands the upstream's answer to the client, piece by piece as it comes, and as one write where it comes as one. */

import type { ServerResponse } from "node:http";

import type { Dispatcher } from "undici";

import { listClientFields } from "./forward-headers.ts";
import { findStreamKind, type StreamKind } from "./stream-kind.ts";

export interface AnsweredExchange {
  readonly response: ServerResponse;
  /** For the client, in place of the upstream's headers of these names. Default none. */
  readonly clientHeaders?: readonly (readonly [name: string, value: string])[];
  /** True where an answer that begins now has to end the connection. */
  isClosing(): boolean;
  /** Called with the upstream's status before the first byte is sent to the client. */
  onStatus(status: number): void;
  /** Called for an answer without an end, with the function that ends it; gives the one to call at its end. */
  onStream(end: () => void): () => void;
}

interface Settle {
  resolve(): void;
  reject(error: Error): void;
}

/** Of an answer that is handed on as text with its head, so that both are one write: copying more costs more. */
const MAX_COPIED_BYTES = 4096;

/**
 * Sends a request. Resolves when the client has its answer, or has left while a stream was ended. Rejects where the
 * upstream or the client failed; then `response.headersSent` tells how far it came.
 */
export function forwardOnce(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  exchange: AnsweredExchange,
): Promise<void> {
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(request, new ResponseForwarder(exchange, { resolve, reject }));
  });
}

class ResponseForwarder implements Dispatcher.DispatchHandler {
  readonly #exchange: AnsweredExchange;
  readonly #settle: Settle;
  readonly #onClose = (): void => this.#finish();
  #controller: Dispatcher.DispatchController | undefined;
  #fields: string[] | undefined;
  #status = 0;
  /** Undefined where the answer does not say how long it is. */
  #length: number | undefined;
  /** The whole body, where it came as one piece. */
  #whole: Buffer | undefined;
  #awaitsDrain = false;
  #hasAnswer = false;
  #isEnded = false;
  #releaseStream: (() => void) | undefined;

  constructor(exchange: AnsweredExchange, settle: Settle) {
    this.#exchange = exchange;
    this.#settle = settle;
    exchange.response.once("close", this.#onClose);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#exchange.response.destroyed) controller.abort(createAbort());
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    // Interim answers come before the one that counts.
    if (status < 200) return;
    const { response } = this.#exchange;
    this.#status = status;
    this.#fields = listClientFields(headers, this.#exchange.clientHeaders);
    if (this.#exchange.isClosing()) this.#fields.push("Connection", "close");
    const length = headers["content-length"];
    this.#length = typeof length === "string" ? Number(length) : undefined;
    this.#exchange.onStatus(status);
    // Of an answer of unknown length, nobody knows when the first piece comes.
    if (length === undefined) {
      this.#writeHead();
      response.flushHeaders();
    }
    const kind = findStreamKind(headers["content-type"]);
    if (kind !== undefined) this.#releaseStream = this.#exchange.onStream(() => this.#endStream(kind));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { response } = this.#exchange;
    if (response.destroyed) return;
    if (this.#fields !== undefined && chunk.length === this.#length) {
      this.#whole = chunk;
      this.#length = undefined;
      return;
    }
    this.#writeHead();
    if (this.#whole !== undefined) response.write(this.#whole);
    this.#whole = undefined;
    if (response.write(chunk)) return;
    controller.pause();
    if (this.#awaitsDrain) return;
    this.#awaitsDrain = true;
    response.on("drain", () => controller.resume());
  }

  onResponseEnd(): void {
    const { response } = this.#exchange;
    if (response.destroyed) return;
    this.#hasAnswer = true;
    this.#writeHead();
    const whole = this.#whole;
    if (whole === undefined) response.end();
    else if (whole.length > MAX_COPIED_BYTES) response.end(whole);
    else response.end(whole.toString("latin1"), "latin1");
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isEnded) return;
    this.#leave();
    this.#settle.reject(error);
  }

  #writeHead(): void {
    const fields = this.#fields;
    if (fields === undefined) return;
    this.#fields = undefined;
    this.#exchange.response.writeHead(this.#status, fields);
  }

  #endStream(kind: StreamKind): void {
    const { response } = this.#exchange;
    if (response.destroyed) return;
    this.#isEnded = true;
    this.#writeHead();
    if (kind === "ended") response.end();
    else response.destroy();
    this.#controller?.abort(createAbort());
  }

  /** The client has everything, or is gone. */
  #finish(): void {
    this.#leave();
    if (this.#hasAnswer || this.#isEnded) {
      this.#settle.resolve();
      return;
    }
    const abort = createAbort();
    this.#settle.reject(abort);
    this.#controller?.abort(abort);
  }

  #leave(): void {
    this.#exchange.response.off("close", this.#onClose);
    this.#releaseStream?.();
    this.#releaseStream = undefined;
  }
}

function createAbort(): Error {
  return new DOMException("the client left", "AbortError");
}
