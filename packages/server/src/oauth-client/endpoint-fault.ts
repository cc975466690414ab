/** Why an endpoint gave no answer; values of the label `result` of the metrics about its questions. */
export type FaultKind =
  /** Not in time. */
  | "timeout"
  /** No connection, or one that broke. */
  | "network_error"
  /** A status that is no answer. */
  | "http_error"
  /** It does not know us, or does not let us ask. */
  | "auth_error"
  /** 200 with something that is no answer, or none that may be trusted. */
  | "bad_answer"
  /** Not asked: it failed too often. */
  | "breaker_open"
  /** Not asked: too many questions are waiting. */
  | "overloaded";

/** The endpoint gave no usable answer. The message is for operators: nothing of a token and no secret in it. */
export class EndpointFault extends Error {
  override readonly name = "EndpointFault";
  readonly kind: FaultKind;
  /** Whether it says that the endpoint is down; a 400 says more about the token that was asked about. */
  readonly isOutage: boolean;

  constructor(kind: FaultKind, detail: string, options: { isOutage?: boolean; cause?: unknown } = {}) {
    super(detail, "cause" in options ? { cause: options.cause } : undefined);
    this.kind = kind;
    this.isOutage = options.isOutage ?? kind !== "bad_answer";
  }
}
