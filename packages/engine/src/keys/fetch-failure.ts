/** How a fetch of keys fails: it throws, and whoever started it gives the failure its name. */

import type { KeysFetchResult } from "../ports.ts";

export interface FetchFailure {
  readonly result: Exclude<KeysFetchResult, "success" | "not_modified">;
  /** For people: what was expected and found. */
  readonly detail: string;
  readonly status?: number;
  /** From the answer's `Retry-After`, where it gives seconds. */
  readonly retryAfterSeconds?: number | undefined;
}

/** A failure whose name is known already. */
export class FetchProblem extends Error {
  readonly failure: FetchFailure;

  constructor(failure: FetchFailure) {
    super(failure.detail);
    this.failure = failure;
  }
}

/** @throws FetchProblem */
export function failFetch(result: FetchFailure["result"], detail: string): never {
  throw new FetchProblem({ result, detail });
}

/** Whether a fetch failed because there is nothing at its URL. */
export function hasStatus(error: unknown, statuses: readonly (number | undefined)[]): boolean {
  return error instanceof FetchProblem && statuses.includes(error.failure.status);
}

const DEEPEST_CAUSE = 5;

/** Codes of runtimes, by what they mean. Runtimes differ; an unknown code is "connect". */
const CODES: readonly (readonly [RegExp, FetchFailure["result"], string])[] = [
  [/^(?:ENOTFOUND|EAI_|ENODATA|ESERVFAIL)/, "dns", "the host's name was not resolved"],
  [/^(?:ETIMEDOUT|UND_ERR_.*_TIMEOUT)$/, "timeout", "the connection timed out"],
  [
    /^(?:ERR_(?:TLS|SSL)_|CERT_|SELF_SIGNED_CERT|DEPTH_ZERO_|UNABLE_TO_|EPROTO$|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH)/,
    "tls",
    "TLS failed",
  ],
  [
    /^(?:Z_|ERR__?ERROR_FORMAT|ERR_BROTLI|ERR_BUFFER_TOO_LARGE|ZlibError|BrotliDecompressionError)/,
    "parse",
    "the answer's content encoding is broken",
  ],
  [/^/, "connect", "the connection failed or broke"],
];

/** What failed. Of a runtime's error only the code is told: its message holds URLs. */
export function nameFetchFailure(error: unknown, signal?: AbortSignal): FetchFailure {
  if (error instanceof FetchProblem) return error.failure;
  if (signal?.aborted) return { result: "timeout", detail: "no complete answer in time" };
  const code = findCode(error);
  const [, result, text] = CODES.find(([pattern]) => pattern.test(code)) as (typeof CODES)[number];
  return { result, detail: code === "" ? text : `${text} (${code})` };
}

/** The first code down the chain of causes; of an AggregateError, the first member's. */
function findCode(error: unknown): string {
  let current: unknown = error;
  for (let depth = 0; depth < DEEPEST_CAUSE && typeof current === "object" && current !== null; depth++) {
    const { code, cause, errors } = current as { code?: unknown; cause?: unknown; errors?: unknown };
    if (typeof code === "string" && /^\w{1,64}$/.test(code)) return code;
    current = Array.isArray(errors) && errors.length > 0 ? errors[0] : cause;
  }
  return "";
}
