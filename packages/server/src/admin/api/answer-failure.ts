import { STATUS_CODES } from "node:http";

import type { Answer } from "../../decision/http-answer.ts";
import { describeProblem } from "../../decision/http-answer.ts";
import {
  RevocationConflictError,
  RevocationLimitError,
  StoreUnavailableError,
} from "../../stores/revocation-store.ts";
import type { OperationalLog } from "../../telemetry/operational-log.ts";
import { ApiError } from "./api-route.ts";

const RETRY_SECONDS = "1";

/** What went wrong, as an answer: problem details, or an error of OAuth (RFC 6749 section 5.2). */
export function answerFailure(
  error: unknown,
  { isOauth, logger }: { readonly isOauth: boolean; readonly logger: OperationalLog },
): Answer {
  const failure = nameFailure(error, logger);
  const { status, code, message } = failure;
  const answer = isOauth
    ? {
        status,
        headers: [
          ["Content-Type", "application/json"],
          ["Cache-Control", "no-store"],
        ] as const,
        body: JSON.stringify({
          error: status < 500 ? code : "temporarily_unavailable",
          error_description: message,
        }),
      }
    : describeProblem({ status, title: STATUS_CODES[status] ?? "Error", detail: message, code });
  const scheme = isOauth ? 'Basic realm="countersign"' : 'Bearer realm="countersign"';
  return {
    ...answer,
    headers: [
      ...answer.headers,
      ...(status === 401 ? [["WWW-Authenticate", scheme] as const] : []),
      ...(status === 429 || status === 503 ? [["Retry-After", RETRY_SECONDS] as const] : []),
      // What is left of the body is not read.
      ...(status === 413 ? [["Connection", "close"] as const] : []),
    ],
  };
}

function nameFailure(error: unknown, logger: OperationalLog): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof RevocationConflictError) return new ApiError(409, "id_conflict", error.message);
  if (error instanceof RevocationLimitError) return new ApiError(409, "too_many", error.message);
  if (error instanceof RangeError) return new ApiError(400, "invalid_request", error.message);
  if (error instanceof StoreUnavailableError) {
    logger.error({ err: error }, "the store of revocations gives no answer");
    return new ApiError(503, "store_unavailable", "the store gives no answer; asking again is harmless");
  }
  logger.error({ err: error }, "a defect in the API; the question was refused");
  return new ApiError(503, "internal_error", "the question could not be answered");
}
