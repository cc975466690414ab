import { BoundedMemory } from "../bounded-memory.ts";
import { copyText } from "../token/copy-text.ts";
import type { UnverifiedToken } from "../token/parse-token.ts";
import type { UnverifiedHeader } from "../token/token-header.ts";

/** An issuer's tokens share a handful of headers. */
const MAX_VERIFIED = 256;
const MAX_VISITORS = 32;

/**
 * Decoded headers, by their text: what stands in one never changes, only whether its keys do. Those of verified tokens
 * are kept apart from those of strangers, who displace only one another.
 */
export class HeaderMemory {
  readonly #headers = new BoundedMemory<string, UnverifiedHeader>(MAX_VERIFIED);
  readonly #visitors = new BoundedMemory<string, UnverifiedHeader>(MAX_VISITORS);
  #lastSegment = "";
  #lastHeader: UnverifiedHeader | undefined;

  readonly find = (segment: string): UnverifiedHeader | undefined =>
    // The same one as last time is the rule, and found without hashing the text.
    segment === this.#lastSegment
      ? this.#lastHeader
      : (this.#headers.get(segment) ?? this.#visitors.get(segment));

  /** For a token whose key is not there: a removed key's tokens come for a while, all with one header. */
  visit({ headerSegment, header }: UnverifiedToken): void {
    if (this.find(headerSegment) === undefined) this.#visitors.set(copyText(headerSegment), header);
  }

  /** For a token whose signature is verified. */
  remember({ headerSegment, header }: UnverifiedToken): void {
    if (headerSegment === this.#lastSegment) return;
    const segment = copyText(headerSegment);
    this.#lastSegment = segment;
    this.#lastHeader = header;
    if (this.#headers.get(segment) === undefined) this.#headers.set(segment, header);
  }
}
