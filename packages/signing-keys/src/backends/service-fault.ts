import { SigningError, type SigningFailureKind } from "../signing-error.ts";

/** What is known of a call that failed. Nothing else of an answer gets into a message: it could repeat what we sent. */
export interface ServiceFault {
  readonly backend: string;
  readonly operation: string;
  /** The HTTP status, where there was an answer. */
  readonly status?: number | undefined;
  /** The service's or the runtime's name for the fault; shown where it has the form of a name. */
  readonly code?: unknown;
  /** Default by status: none, 2xx, 408, 429 and 5xx are "unavailable", 3xx, 401 and a certificate that is not trusted "misconfigured", all others "refused". */
  readonly kind?: SigningFailureKind | undefined;
}

const NAME = /^[A-Za-z][\w.-]{0,63}$/;
const PASSING_STATUSES = new Set([408, 429]);
/** Who answers is not who was expected: trying again would not change that. */
const UNTRUSTED = /^(?:CERT_|ERR_TLS_CERT_|ERR_SSL_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|UNABLE_TO_)/;
const REMEDIES: Readonly<Record<SigningFailureKind, string>> = {
  unavailable: "try again, and look whether the service is reachable",
  refused: "look at the key's state and at what these credentials may do",
  misconfigured: "look at the credentials, the address and the key's kind",
};

export function createFault({ backend, operation, status, code, kind }: ServiceFault): SigningError {
  const isUntrusted = status === undefined && typeof code === "string" && UNTRUSTED.test(code);
  const decided = kind ?? (isUntrusted ? "misconfigured" : chooseKind(status));
  const name = typeof code === "string" && NAME.test(code) ? code : "";
  const found = [status ?? "", name].join(" ").trim() || "no answer";
  return new SigningError(`${backend}: ${operation}: found ${found}; ${REMEDIES[decided]}`, {
    kind: decided,
    backend,
  });
}

function chooseKind(status: number | undefined): SigningFailureKind {
  // A success that failed is an answer that could not be read.
  if (status === undefined || status < 300 || status >= 500 || PASSING_STATUSES.has(status))
    return "unavailable";
  return status < 400 || status === 401 ? "misconfigured" : "refused";
}

/** An answer that is none: what it lacks is said, what it held is not. */
export function refuseAnswer(
  { backend, operation }: Pick<ServiceFault, "backend" | "operation">,
  expected: string,
): never {
  throw new SigningError(
    `${backend}: ${operation}: expected an answer with ${expected}, found one without; look what answers at this address`,
    { kind: "unavailable", backend },
  );
}

/** The code or name of whatever was thrown, and of what caused it. */
export function readCode(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  const cause = readCode(error.cause);
  return cause === "" ? error.name : cause;
}
