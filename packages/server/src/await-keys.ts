import type { ConfigurationProblem } from "countersign";
import { ConfigurationError, KeysNotReadyError } from "countersign";

import { nameIssuer } from "./config/issuer-alias.ts";
import type { Generation } from "./generation.ts";

const KEYS_TIMEOUT_MS = 10_000;

/** A configuration and what its keys are asked of. */
type Keyed = Pick<Generation, "configuration" | "validator" | "readiness">;

/**
 * Waits until the next configuration has the keys of its issuers, at most 10 s. An issuer whose keys the
 * configuration in force does not have either holds nothing up.
 *
 * @throws ConfigurationError with the problems for which good tokens would be refused.
 */
export async function requireKeys(next: Keyed, inForce: Keyed): Promise<void> {
  const [first, ...others] = await findProblems(next, inForce);
  if (first !== undefined) throw new ConfigurationError([first, ...others]);
}

async function findProblems(next: Keyed, inForce: Keyed): Promise<readonly ConfigurationProblem[]> {
  if (next.validator === inForce.validator) return [];
  const failures = await findFailures(next);
  const lacking = new Set(inForce.readiness.list().flatMap(({ issuer, ready }) => (ready ? [] : [issuer])));
  return next.configuration.issuers.flatMap((issuer, index) => {
    const name = nameIssuer(issuer);
    const problem = failures.get(name);
    if (problem === undefined || lacking.has(name)) return [];
    const remedy = "Check the issuer with `countersign issuer check`, then read the file again with SIGHUP.";
    return [{ path: `issuers[${index}].keys`, problem, remedy }];
  });
}

async function findFailures({ validator, readiness }: Keyed): Promise<ReadonlyMap<string, string>> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), KEYS_TIMEOUT_MS);
  });
  try {
    const end = await Promise.race([validator.ready(), timeout]);
    if (end !== "late") return new Map();
    const late = readiness.list().filter(({ ready }) => !ready);
    return new Map(late.map(({ issuer }) => [issuer, `no keys within ${KEYS_TIMEOUT_MS / 1000} s`]));
  } catch (error) {
    if (!(error instanceof KeysNotReadyError)) throw error;
    return new Map(error.failures.map(({ issuer, problem }) => [issuer, problem]));
  } finally {
    clearTimeout(timer);
  }
}
