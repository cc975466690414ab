import { once } from "node:events";
import { connect } from "node:net";

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; repeated fields are kept. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  /** All octets that came, as latin1. */
  readonly text: string;
}

/** Sends exactly these octets (latin1) to "host:port" or "unix:/path" and reads until the server closes. */
export async function sendRaw(address: string, text: string): Promise<RawAnswer> {
  const colon = address.lastIndexOf(":");
  const target = address.startsWith("unix:")
    ? { path: address.slice(5) }
    : { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
  const socket = connect(target);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  // A server that refuses may reset while the rest is being sent; what it said before counts.
  socket.on("error", () => socket.destroy());
  socket.write(Buffer.from(text, "latin1"));
  await once(socket, "close");
  return parseAnswer(Buffer.concat(chunks).toString("latin1"));
}

/** A request text with `Connection: close` and the given header lines. */
export function writeRequest(start: string, lines: readonly string[], body = ""): string {
  return [`${start} HTTP/1.1`, ...lines, "Connection: close", "", body].join("\r\n");
}

/** All values of a header of an answer. */
export function headerOf(answer: RawAnswer, name: string): readonly string[] {
  return answer.headers.filter(([other]) => other === name).map(([, value]) => value);
}

function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf("\r\n\r\n");
  const [start = "", ...lines] = text.slice(0, end < 0 ? undefined : end).split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return {
    status: Number(start.split(" ")[1] ?? 0),
    headers,
    body: end < 0 ? "" : text.slice(end + 4),
    text,
  };
}
