/** Tokens in a file between processes, and as fresh strings for whoever judges them. */

import { readFileSync, writeFileSync } from "node:fs";

export interface TokenSource {
  readonly count: number;
  /** A new string each time, as it comes from a connection: nothing about it is remembered by the runtime. */
  read(index: number): string;
}

export function writeTokens(file: string, tokens: readonly string[]): void {
  writeFileSync(file, tokens.join("\n"), "latin1");
}

export function openTokens(file: string): TokenSource {
  const octets = readFileSync(file);
  const ends: number[] = [];
  for (let end = octets.indexOf(0x0a); end !== -1; end = octets.indexOf(0x0a, end + 1)) ends.push(end);
  ends.push(octets.length);
  const starts = Uint32Array.from([0, ...ends.slice(0, -1).map((end) => end + 1)]);
  const stops = Uint32Array.from(ends);
  return {
    count: ends.length,
    read: (index) => octets.toString("latin1", starts[index] ?? 0, stops[index] ?? 0),
  };
}
