import type { SigningAlgorithm } from "../public-signing-jwk.ts";
import type { KeyReference, KeyRequest } from "../signer.ts";
import { SigningError } from "../signing-error.ts";

const LABEL = /^[a-z0-9-]{1,64}$/;
const MAX_ID_LENGTH = 1024;

/** @throws SigningError ("misconfigured") where the back end cannot make such a key. */
export function checkRequest(
  { label, algorithm }: KeyRequest,
  { backend, algorithms }: { readonly backend: string; readonly algorithms: readonly SigningAlgorithm[] },
): void {
  if (!LABEL.test(label)) {
    throw misconfigured(backend, "expected a label of 1 to 64 characters of a-z, 0-9 and -");
  }
  if (!algorithms.includes(algorithm)) {
    throw misconfigured(
      backend,
      `has no keys for ${String(algorithm).slice(0, 16)}; it has ${algorithms.join(", ")}`,
    );
  }
}

/** @throws SigningError ("misconfigured") where the reference is not to a key of this back end. */
export function checkReference(
  reference: KeyReference,
  back: { readonly backend: string; readonly algorithms: readonly SigningAlgorithm[] },
): void {
  if (reference.backend !== back.backend) {
    throw misconfigured(
      back.backend,
      `expected a reference to one of its keys, found one of the back end ${JSON.stringify(reference.backend.slice(0, 64))}`,
    );
  }
  checkRequest(reference, back);
  if (reference.id.length > MAX_ID_LENGTH) {
    throw misconfigured(back.backend, `expected an id of at most ${MAX_ID_LENGTH} characters`);
  }
}

/** The id of a reference is not of the form that this back end gives. */
export function refuseId(backend: string, form: string): never {
  throw misconfigured(
    backend,
    `expected a reference with the id ${form}; it was changed, or is of another version`,
  );
}

function misconfigured(backend: string, problem: string): SigningError {
  return new SigningError(`${backend}: ${problem}`, { kind: "misconfigured", backend });
}
