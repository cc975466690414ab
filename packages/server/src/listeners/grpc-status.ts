/** How a gRPC call ends that does not end well. */

/** Those of the status codes of gRPC that are used here. */
export const GRPC_STATUS = {
  ok: 0,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

export interface GrpcFailure {
  readonly code: Exclude<(typeof GRPC_STATUS)[keyof typeof GRPC_STATUS], 0>;
  /** Printable ASCII without "%", and nothing of the request: it is sent as it is. */
  readonly details: string;
}
