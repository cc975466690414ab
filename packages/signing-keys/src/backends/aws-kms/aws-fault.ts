import { SigningError, type SigningFailureKind } from "../../signing-error.ts";
import { createFault, readCode } from "../service-fault.ts";

export const BACKEND = "aws-kms";

/** Errors whose HTTP status says less than their name: KMS answers throttling and bad credentials with 400. */
const KINDS: Readonly<Record<string, SigningFailureKind>> = {
  ThrottlingException: "unavailable",
  RequestLimitExceeded: "unavailable",
  TooManyRequestsException: "unavailable",
  DependencyTimeoutException: "unavailable",
  KeyUnavailableException: "unavailable",
  KMSInternalException: "unavailable",
  InternalFailure: "unavailable",
  ServiceUnavailable: "unavailable",
  CredentialsProviderError: "misconfigured",
  ExpiredTokenException: "misconfigured",
  IncompleteSignature: "misconfigured",
  IncompleteSignatureException: "misconfigured",
  InvalidClientTokenId: "misconfigured",
  InvalidSignatureException: "misconfigured",
  MissingAuthenticationTokenException: "misconfigured",
  UnrecognizedClientException: "misconfigured",
  InvalidKeyUsageException: "misconfigured",
  UnsupportedOperationException: "misconfigured",
  ValidationException: "misconfigured",
};

/** The client's errors hold the request with its signature: only their name and status are taken over. */
export function createAwsFault(operation: string, error: unknown): SigningError {
  if (error instanceof SigningError) return error;
  const status = readStatus(error);
  const code = error instanceof Error && Object.hasOwn(KINDS, error.name) ? error.name : readCode(error);
  return createFault({ backend: BACKEND, operation, status, code, kind: KINDS[code] });
}

function readStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  const metadata = error.$metadata as { readonly httpStatusCode?: number } | undefined;
  return metadata?.httpStatusCode;
}
