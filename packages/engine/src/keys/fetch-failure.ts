/** Names what went wrong in a fetch. Runtimes differ; only codes and names are read, and an unknown one is "connect". */

import type { KeysFetchResult } from "../ports.ts";

const DEEPEST_CAUSE = 5;

const DNS = /^(?:ENOTFOUND|EAI_[A-Z]+|ENODATA|ESERVFAIL)$/;
const TIMEOUT = /^(?:ETIMEDOUT|UND_ERR_(?:CONNECT|HEADERS|BODY)_TIMEOUT)$/;
const TLS =
  /^(?:ERR_(?:TLS|SSL)_|CERT_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_|EPROTO$|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_EXCEEDED)/;
const DECODING =
  /^(?:Z_[A-Z_]+|ERR__?ERROR_FORMAT|ERR_BROTLI|ERR_BUFFER_TOO_LARGE|ZlibError|BrotliDecompressionError)/;
const CODE = /^[A-Za-z0-9_]{1,64}$/;

/** The result and, for people, the runtime's code where it gave one. The runtime's message is left out: it holds URLs. */
export function nameFetchFailure(error: unknown): {
  readonly result: KeysFetchResult;
  readonly detail: string;
} {
  const code = findCode(error);
  if (code === undefined) return { result: "connect", detail: "the connection failed or broke" };
  if (DNS.test(code)) return { result: "dns", detail: `the host's name was not resolved (${code})` };
  if (TIMEOUT.test(code)) return { result: "timeout", detail: `the connection timed out (${code})` };
  if (TLS.test(code)) return { result: "tls", detail: `TLS failed (${code})` };
  if (DECODING.test(code))
    return { result: "parse", detail: `the answer's content encoding is broken (${code})` };
  return { result: "connect", detail: `the connection failed or broke (${code})` };
}

/** The first code down the chain of causes; of an AggregateError, the first member's. */
function findCode(error: unknown): string | undefined {
  let current: unknown = error;
  for (let depth = 0; depth < DEEPEST_CAUSE && typeof current === "object" && current !== null; depth++) {
    const { code, cause, errors } = current as { code?: unknown; cause?: unknown; errors?: unknown };
    if (typeof code === "string" && CODE.test(code)) return code;
    current = Array.isArray(errors) && errors.length > 0 ? errors[0] : cause;
  }
  return undefined;
}
