/** Requests with exact octets: what HTTP clients would refuse to send, or put right. */

import { connect } from "node:net";

import type { ClientRequest } from "./scene.ts";

/** An answer as it came, read as far as its length says. */
export interface RawAnswer {
  /** 0 where none came in time. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** All octets, as latin1. */
  readonly text: string;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

const TIMEOUT_MS = 8000;
const MAX_ANSWER_CHARACTERS = 262_144;

/** A request as it is sent, with `Connection: close` unless it says something of its connection itself. */
export function writeRequest({ method, target, host, headers }: ClientRequest): string {
  const asks = headers.some(([name]) => name.toLowerCase() === "connection");
  const lines = [...headers, ...(asks ? [] : [["Connection", "close"] as const])];
  const body = method === "POST" ? ["Content-Length: 0"] : [];
  const fields = [`Host: ${host}`, ...lines.map(([name, value]) => `${name}: ${value}`), ...body];
  return [`${method} ${target} HTTP/1.1`, ...fields, "", ""].join("\r\n");
}

/** Sends these characters as octets. Never rejects: what did not answer has status 0. */
export function exchangeOctets({ host, port }: Address, text: string): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let received = "";
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(parseAnswer(received));
    };
    const timer = setTimeout(finish, TIMEOUT_MS);
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      received += chunk;
      if (received.length > MAX_ANSWER_CHARACTERS || isComplete(received, text.startsWith("HEAD "))) finish();
    });
    // Who refuses may reset while the rest is being sent; what was said before counts.
    socket.on("error", () => undefined);
    socket.on("close", finish);
    socket.write(Buffer.from(text, "latin1"));
  });
}

function isComplete(received: string, isHead: boolean): boolean {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const { status, headers } = parseAnswer(received);
  if (isHead || status === 204 || status === 304) return true;
  const length = headers.find(([name]) => name === "content-length")?.[1];
  if (length !== undefined) return received.length >= end + 4 + Number(length);
  return headers.some(([name]) => name === "transfer-encoding") && received.endsWith("0\r\n\r\n");
}

function parseAnswer(text: string): RawAnswer {
  const [start = "", ...lines] = (text.split("\r\n\r\n", 1)[0] ?? "").split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const status = /^HTTP\/1\.[01] ([0-9]{3})/.exec(start)?.[1];
  return { status: status === undefined ? 0 : Number(status), headers, text };
}
