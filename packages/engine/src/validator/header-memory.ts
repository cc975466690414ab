import { BoundedMemory } from "../bounded-memory.ts";
import type { UnverifiedToken } from "../token/parse-token.ts";
import type { UnverifiedHeader } from "../token/token-header.ts";

/** An issuer's tokens share a handful of headers. */
const MAX_REMEMBERED_HEADERS = 256;

/**
 * Decoded headers of verified tokens, by their text. Only a verified signature adds one, so strangers cannot push
 * the others out.
 */
export class HeaderMemory {
  readonly #headers = new BoundedMemory<string, UnverifiedHeader>(MAX_REMEMBERED_HEADERS);
  #lastSegment = "";
  #lastHeader: UnverifiedHeader | undefined;

  readonly find = (segment: string): UnverifiedHeader | undefined =>
    // The same one as last time is the rule, and found without hashing the text.
    segment === this.#lastSegment ? this.#lastHeader : this.#headers.get(segment);

  remember({ headerSegment, header }: UnverifiedToken): void {
    if (headerSegment === this.#lastSegment) return;
    this.#lastSegment = headerSegment;
    this.#lastHeader = header;
    if (this.#headers.get(headerSegment) === undefined) this.#headers.set(headerSegment, header);
  }
}
