/** Headers of the sidecar's namespace that no answer of the sidecar overwrites. */

import type { RefuseUnknownIdentity } from "./dialect.ts";

/**
 * A gateway overwrites the identity headers that it was told of, and passes on the client's others: nginx cannot
 * remove headers by prefix. What nobody would overwrite is therefore refused, so that no upstream takes it for ours.
 *
 * @param overwritten Names that every answer carries.
 */
export function createUnknownIdentityCheck(overwritten: readonly string[]): RefuseUnknownIdentity {
  const known = new Set(overwritten);
  return (description, { own }) => {
    if (description.kind !== "described" || own.length === 0) return description;
    return own.every((name) => known.has(name))
      ? description
      : { kind: "ambiguous", problem: "a header of the identity namespace that is not in use" };
  };
}
