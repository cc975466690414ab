import { SigningError, type SigningFailureKind } from "../../signing-error.ts";
import { createFault, readCode } from "../service-fault.ts";

export const BACKEND = "azure-key-vault";

const CREDENTIAL_FAULTS = new Set([
  "AuthenticationError",
  "AggregateAuthenticationError",
  "CredentialUnavailableError",
]);

/** The client's errors hold request and answer: only status and code are taken over. */
export function createAzureFault(operation: string, error: unknown): SigningError {
  if (error instanceof SigningError) return error;
  const status = readAzureStatus(error);
  return createFault({
    backend: BACKEND,
    operation,
    status,
    code: readCode(error),
    kind: chooseKind(error, status),
  });
}

export function readAzureStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("statusCode" in error)) return undefined;
  return typeof error.statusCode === "number" ? error.statusCode : undefined;
}

function chooseKind(error: unknown, status: number | undefined): SigningFailureKind | undefined {
  if (status === 401 || (error instanceof Error && CREDENTIAL_FAULTS.has(error.name))) return "misconfigured";
  return status === 400 ? "misconfigured" : undefined;
}
