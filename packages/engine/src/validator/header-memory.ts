import type { UnverifiedToken } from "../token/parse-token.ts";
import type { UnverifiedHeader } from "../token/token-header.ts";

/**
 * Decoded headers of verified tokens, by their text: an issuer's tokens share a handful of headers.
 * Only a verified signature adds one, so strangers cannot push the others out.
 */
export interface HeaderMemory {
  readonly find: (segment: string) => UnverifiedHeader | undefined;
  readonly remember: (token: UnverifiedToken) => void;
}

/** @param maxEntries The oldest goes when there are more. */
export function createHeaderMemory(maxEntries: number): HeaderMemory {
  const entries = new Map<string, UnverifiedHeader>();
  return {
    find: (segment) => entries.get(segment),
    remember({ headerSegment, header }) {
      if (entries.has(headerSegment)) return;
      const [oldest] = entries.keys();
      if (entries.size >= maxEntries && oldest !== undefined) entries.delete(oldest);
      entries.set(headerSegment, header);
    },
  };
}
