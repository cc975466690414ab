/**
 * One connection on which decisions are asked for, one after the other, with as little work as possible: who measures
 * shares the machine with what is measured.
 */

import { connect, type Socket } from "node:net";

const END_OF_HEAD = "\r\n\r\n";
const STATUS = /^HTTP\/1\.1 (\d{3}) /;
const LENGTH = /\r\ncontent-length: (\d+)\r\n/i;

interface Waiting {
  readonly text: string;
  readonly resolve: (status: number) => void;
  readonly reject: (error: Error) => void;
}

export class DecisionConnection {
  readonly #host: string;
  readonly #port: number;
  readonly #queue: Waiting[] = [];
  #socket: Socket | undefined;
  #current: Waiting | undefined;
  #received = "";

  /** @param address host:port */
  constructor(address: string) {
    const [host = "", port = ""] = address.split(":");
    this.#host = host;
    this.#port = Number(port);
  }

  /** The status of a whole answer to a request, which is its text. */
  ask(text: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ text, resolve, reject });
      this.#sendNext();
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #sendNext(): void {
    if (this.#current !== undefined) return;
    this.#current = this.#queue.shift();
    if (this.#current === undefined) return;
    this.#socket ??= this.#open();
    this.#socket.write(this.#current.text, "latin1");
  }

  #open(): Socket {
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    socket.setEncoding("latin1");
    socket.on("data", (part: string) => this.#take(part));
    socket.once("error", () => socket.destroy());
    socket.once("close", () => this.#fail(socket));
    return socket;
  }

  #take(part: string): void {
    this.#received += part;
    const end = this.#received.indexOf(END_OF_HEAD);
    if (end < 0) return;
    const head = this.#received.slice(0, end + 2);
    const length = Number(LENGTH.exec(head)?.[1] ?? 0);
    if (this.#received.length < end + END_OF_HEAD.length + length) return;
    this.#received = "";
    const current = this.#current;
    this.#current = undefined;
    current?.resolve(Number(STATUS.exec(head)?.[1]));
    this.#sendNext();
  }

  #fail(socket: Socket): void {
    if (this.#socket === socket) this.#socket = undefined;
    this.#received = "";
    const current = this.#current;
    this.#current = undefined;
    current?.reject(new Error("the connection was closed"));
    this.#sendNext();
  }
}

/** A question for the generic endpoint. */
export function describeQuestion(token: string, path = "/x"): string {
  return [
    "GET /authz HTTP/1.1",
    "Host: sidecar",
    `Authorization: Bearer ${token}`,
    "X-Forwarded-Method: GET",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: api.example.com",
    `X-Forwarded-Uri: ${path}`,
    "",
    "",
  ].join("\r\n");
}
