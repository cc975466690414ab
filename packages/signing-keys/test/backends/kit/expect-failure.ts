import assert from "node:assert/strict";
import { inspect } from "node:util";
import { SigningError, type SigningFailureKind } from "../../../src/index.ts";

export interface ExpectedFailure {
  readonly kind: SigningFailureKind;
  readonly message?: RegExp;
  /** What must stand nowhere in it, at whatever depth. */
  readonly secrets?: readonly string[];
}

/** The work rejects with a `SigningError` of the kind, in which no secret stands. */
export async function expectFailure(
  work: Promise<unknown>,
  { kind, message, secrets = [] }: ExpectedFailure,
): Promise<SigningError> {
  const error = await work.then(
    () => assert.fail("expected a rejection"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SigningError, inspect(error));
  assert.equal(error.kind, kind, error.message);
  if (message !== undefined) assert.match(error.message, message);
  const everything = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true });
  for (const secret of secrets) assert.ok(!everything.includes(secret), "a secret stands in the error");
  return error;
}
