import type { Presentation } from "../binding/presentation.ts";
import type { ExtractedToken } from "./extract-bearer.ts";

/** The request that carried a token. */
export interface PresentingRequest {
  /** `Headers`, or pairs in which names may repeat, in any case; for Node give `pairRawHeaders(request.rawHeaders)`. */
  readonly headers: Iterable<readonly [name: string, value: string]>;
  readonly method: string;
  /** Absolute, as the client knows it; see `Presentation`. */
  readonly url: string;
  /** DER of the client certificate, where the connection has one. */
  readonly certificate?: Uint8Array | undefined;
}

/** As many proofs as are told from one; the others would change nothing. */
const MAX_PROOFS = 2;

/**
 * What a request shows beside its token, for `validate`: the scheme, the proofs in its `DPoP` fields (RFC 9449
 * section 4.1), the client certificate. Never throws for what a request contains.
 */
export function createPresentation(
  { scheme }: Pick<ExtractedToken, "scheme">,
  { headers, method, url, certificate }: PresentingRequest,
): Presentation {
  const proofs = extractProofs(headers);
  return { scheme, proofs, method, url, ...(certificate !== undefined && { certificate }) };
}

/** The values of the `DPoP` fields; no more than two, since two are too many. */
export function extractProofs(headers: Iterable<readonly [name: string, value: string]>): readonly string[] {
  const proofs: string[] = [];
  for (const [name, value] of headers) {
    if (name.length === 4 && name.toLowerCase() === "dpop") proofs.push(value);
    if (proofs.length === MAX_PROOFS) break;
  }
  return proofs;
}
