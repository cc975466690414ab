import { SigningError, type SigningFailureKind } from "../../signing-error.ts";

export const BACKEND = "pkcs11";

/** Return values of PKCS #11 that say more than "it failed", by number. */
export const CKR = {
  CURVE_NOT_SUPPORTED: 0x140,
  DOMAIN_PARAMS_INVALID: 0x130,
  ATTRIBUTE_VALUE_INVALID: 0x13,
  USER_ALREADY_LOGGED_IN: 0x100,
  CRYPTOKI_ALREADY_INITIALIZED: 0x191,
  PIN_INCORRECT: 0xa0,
} as const;

const KINDS: ReadonlyMap<number, readonly [name: string, kind: SigningFailureKind]> = new Map([
  [0x07, ["CKR_ARGUMENTS_BAD", "misconfigured"]],
  [0x10, ["CKR_ATTRIBUTE_READ_ONLY", "misconfigured"]],
  [0x12, ["CKR_ATTRIBUTE_TYPE_INVALID", "misconfigured"]],
  [0x13, ["CKR_ATTRIBUTE_VALUE_INVALID", "misconfigured"]],
  [0x63, ["CKR_KEY_TYPE_INCONSISTENT", "misconfigured"]],
  [0x68, ["CKR_KEY_FUNCTION_NOT_PERMITTED", "refused"]],
  [0x70, ["CKR_MECHANISM_INVALID", "misconfigured"]],
  [0x71, ["CKR_MECHANISM_PARAM_INVALID", "misconfigured"]],
  [0xa0, ["CKR_PIN_INCORRECT", "misconfigured"]],
  [0xa1, ["CKR_PIN_INVALID", "misconfigured"]],
  [0xa2, ["CKR_PIN_LEN_RANGE", "misconfigured"]],
  [0xa3, ["CKR_PIN_EXPIRED", "misconfigured"]],
  [0xa4, ["CKR_PIN_LOCKED", "misconfigured"]],
  [0xd1, ["CKR_TEMPLATE_INCONSISTENT", "misconfigured"]],
  [0xe2, ["CKR_TOKEN_WRITE_PROTECTED", "refused"]],
  [0x102, ["CKR_USER_PIN_NOT_INITIALIZED", "misconfigured"]],
  [0x140, ["CKR_CURVE_NOT_SUPPORTED", "misconfigured"]],
] as const);

const REMEDIES: Readonly<Record<SigningFailureKind, string>> = {
  unavailable: "try again, and look whether the token answers",
  refused: "look at what this user of the token may do",
  misconfigured: "look at the module, the token, the PIN and what the token supports",
};

/** The number that the module returned; undefined for any other error. */
export function readReturnValue(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "number" ? error.code : undefined;
}

/** Everything that is not known to be a refusal may pass: sessions that ended, a token that was taken out, a device that fails. */
export function createPkcs11Fault(operation: string, error: unknown): SigningError {
  if (error instanceof SigningError) return error;
  const value = readReturnValue(error);
  const [name, kind] = KINDS.get(value ?? -1) ?? [
    value === undefined ? "a failure" : `0x${value.toString(16)}`,
    "unavailable" as const,
  ];
  return new SigningError(`${BACKEND}: ${operation}: found ${name}; ${REMEDIES[kind]}`, {
    kind,
    backend: BACKEND,
  });
}
