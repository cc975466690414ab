import type { Socket } from "node:net";
import { connect } from "node:net";

export interface OpenSocket {
  readonly socket: Socket;
  /** All octets that came so far, as latin1. */
  text(): string;
  bytes(): Buffer;
  isClosed(): boolean;
}

/** Connects to "host:port" or "unix:/path", sends the text (latin1), and collects what comes. */
export function openSocket(address: string, text: string): OpenSocket {
  const colon = address.lastIndexOf(":");
  const socket = address.startsWith("unix:")
    ? connect({ path: address.slice(5) })
    : connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) });
  const chunks: Buffer[] = [];
  let closed = false;
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => socket.destroy());
  socket.once("close", () => {
    closed = true;
  });
  socket.write(Buffer.from(text, "latin1"));
  return {
    socket,
    text: () => Buffer.concat(chunks).toString("latin1"),
    bytes: () => Buffer.concat(chunks),
    isClosed: () => closed,
  };
}
