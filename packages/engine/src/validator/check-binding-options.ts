/** Checks the options of tokens that are bound to a key, and fills in every default. */

import { platform } from "#platform";
import { type Algorithm, findAlgorithm } from "../algorithms.ts";
import type { BindingRules, DpopRules } from "../binding/binding-rules.ts";
import type { NonceRules } from "../binding/dpop-nonces.ts";
import { readSecret } from "../keys/import-secrets.ts";
import { readProblem } from "../keys/key-problem.ts";
import { isObject } from "../token/describe-kind.ts";
import type { Place } from "./place.ts";
import { readNumber, readOptions } from "./read-options.ts";

/** What clients can sign proofs with where the configuration does not say. */
export const DEFAULT_DPOP_ALGORITHMS: readonly string[] = ["ES256", "PS256", "Ed25519", "EdDSA"];

const LEAST_SECRET_BYTES = 32;
const MOST_SECRET_BYTES = 1024;
const MOST_SECRETS = 4;

const NONCE_RULES = {
  secrets: readSecrets,
  stepSeconds: readNumber({ least: 5, most: 3600, fallback: 60, isWhole: true }),
};

const DPOP_RULES = {
  algorithms: readAlgorithms,
  maxAgeSeconds: readNumber({ least: 1, most: 600, fallback: 60 }),
  clockToleranceSeconds: readNumber({ least: 0, most: 60, fallback: 10 }),
  nonce: (value: unknown, place: Place): NonceRules | undefined =>
    value === undefined ? undefined : readObject(value, { rules: NONCE_RULES, place }),
};

const RULES = {
  dpop: (value: unknown, place: Place): DpopRules | undefined =>
    value === "refused" ? undefined : readObject(value, { rules: DPOP_RULES, place }),
  mtls: readAcceptance,
  unbound: readAcceptance,
};

/**
 * The rules, or undefined for "unchecked", which leaves the proof to the caller. "required" is the default of every
 * option. What is wrong is added to the place's problems.
 */
export function readBinding(value: unknown, place: Place): BindingRules | undefined {
  if (value === "unchecked") return undefined;
  const options = value === "required" ? undefined : value;
  const { dpop, mtls, unbound } = readObject(options, { rules: RULES, place });
  return { dpop, mtls, acceptsUnbound: unbound };
}

function readObject<R extends Parameters<typeof readOptions>[1]["rules"]>(
  value: unknown = {},
  { rules, place }: { readonly rules: R; readonly place: Place },
): ReturnType<typeof readOptions<R>> {
  if (!isObject(value)) {
    place.expect("an object", value, `Give an object with some of ${Object.keys(rules).join(", ")}`);
  }
  return readOptions(isObject(value) ? value : {}, { rules, place });
}

function readAcceptance(value: unknown, place: Place): boolean {
  if (value !== undefined && value !== "accepted" && value !== "refused") {
    place.expect('"accepted" or "refused"', value, 'Leave it out for "accepted"');
  }
  return value !== "refused";
}

/** The allowed algorithms; of the defaults those that this runtime has. */
function readAlgorithms(value: unknown, place: Place): readonly Algorithm[] {
  const names: unknown = value ?? DEFAULT_DPOP_ALGORITHMS;
  const allowed = new Set<Algorithm>();
  if (!Array.isArray(names) || names.length === 0) {
    place.expect("at least one algorithm", names, "List the algorithms of proofs, or leave it out");
    return [];
  }
  for (const [index, name] of (names as readonly unknown[]).entries()) {
    const algorithm = typeof name === "string" ? findAlgorithm(name) : undefined;
    const isAsymmetric = algorithm !== undefined && algorithm.family !== "hmac";
    if (isAsymmetric && platform.supports(algorithm)) allowed.add(algorithm);
    else if (value !== undefined) {
      const problem = isAsymmetric
        ? `${algorithm.name} is not in this runtime's crypto`
        : "is no algorithm that proofs can be signed with";
      place.at(index).refuse(problem, "Take it off the list");
    }
  }
  return [...allowed];
}

function readSecrets(value: unknown, place: Place): readonly Uint8Array[] {
  if (value === undefined) return [crypto.getRandomValues(new Uint8Array(LEAST_SECRET_BYTES))];
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_SECRETS) {
    const remedy = `Give ${LEAST_SECRET_BYTES} random octets, the same at all instances`;
    place.expect(`an array of 1 to ${MOST_SECRETS} { base64url } or { bytes }`, value, remedy);
    return [];
  }
  return (value as readonly unknown[]).map((secret, index) => readOneSecret(secret, place.at(index)));
}

function readOneSecret(secret: unknown, place: Place): Uint8Array {
  const remedy = `Give ${LEAST_SECRET_BYTES} random octets`;
  try {
    const octets = readSecret(secret);
    if (octets.length >= LEAST_SECRET_BYTES && octets.length <= MOST_SECRET_BYTES) return octets;
    const found = `found ${octets.length}`;
    place.refuse(`expected ${LEAST_SECRET_BYTES} to ${MOST_SECRET_BYTES} octets, ${found}`, remedy);
  } catch (error) {
    place.refuse(readProblem(error).problem, remedy);
  }
  return new Uint8Array();
}
