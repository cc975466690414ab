/** Requests octet by octet, for what no HTTP client would send; and answers as they come. */

import { connect } from "node:net";

export interface RawAnswer {
  /** 0 where the connection was closed without an answer. */
  readonly status: number;
  /** Names in lower case; repeated fields are kept. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Without the framing of chunks. As latin1. */
  readonly body: string;
}

export interface RawExchange {
  /** Of the front door. */
  readonly url: string;
  /** Octets as latin1. */
  readonly text: string;
  /** Called once a part of the body has arrived. */
  readonly onBody?: () => void;
}

const TIMEOUT_MS = 15_000;

/**
 * Sends a request and reads one answer: to its end where that can be told, else until the other side closes. Of a
 * tunnel, reads until it has said something.
 */
export async function sendRaw({ url, text, onBody }: RawExchange): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
  // A server that refuses may reset while the rest is being sent; what it said before counts.
  socket.on("error", () => socket.destroy());
  const isHead = text.startsWith("HEAD ");
  let received = "";
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1");
    const answer = parse(received);
    if (answer.body !== "") onBody?.();
    if (isComplete(answer, { received, isHead })) socket.destroy();
  });
  socket.write(Buffer.from(text, "latin1"));
  await new Promise((resolve) => socket.once("close", resolve));
  return parse(received);
}

function isComplete(
  answer: RawAnswer,
  { received, isHead }: { readonly received: string; readonly isHead: boolean },
): boolean {
  const readHeader = (name: string): string | undefined =>
    answer.headers.find(([other]) => other === name)?.[1];
  if (!skipInterim(received).includes("\r\n\r\n")) return false;
  if (answer.status === 101) return answer.body !== "";
  if (isHead || answer.status === 204 || answer.status === 304) return true;
  const length = readHeader("content-length");
  if (length !== undefined) return answer.body.length >= Number(length);
  return readHeader("transfer-encoding") === "chunked" && /(?:^|\r\n)0\r\n\r\n$/.test(received);
}

function parse(received: string): RawAnswer {
  const text = skipInterim(received);
  const end = text.indexOf("\r\n\r\n");
  const [start = "", ...lines] = text.slice(0, end < 0 ? undefined : end).split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const rest = end < 0 ? "" : text.slice(end + 4);
  const isChunked = headers.some(([name, value]) => name === "transfer-encoding" && value === "chunked");
  return { status: Number(start.split(" ")[1] ?? 0), headers, body: isChunked ? joinChunks(rest) : rest };
}

/** "100 Continue" and its like come before the answer. */
function skipInterim(text: string): string {
  const interim = /^HTTP\/1\.1 1(?!01)\d\d [\s\S]*?\r\n\r\n/.exec(text)?.[0];
  return interim === undefined ? text : skipInterim(text.slice(interim.length));
}

function joinChunks(text: string): string {
  const size = Number.parseInt(text, 16);
  const start = text.indexOf("\r\n") + 2;
  if (!(size > 0)) return "";
  return text.slice(start, start + size) + joinChunks(text.slice(start + size + 2));
}
