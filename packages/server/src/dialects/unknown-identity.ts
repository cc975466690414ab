/** Headers of the sidecar's namespace that no answer of the sidecar overwrites. */

import { createNamespace, type IsInNamespace } from "../decision/protected-headers.ts";
import type { RefuseUnknownIdentity } from "./dialect.ts";

/**
 * A gateway overwrites the identity headers that it was told of, and passes on the client's others: nginx cannot
 * remove headers by prefix. What nobody would overwrite is therefore refused, so that no upstream takes it for ours.
 *
 * @param overwritten Names that every answer carries.
 */
export function createUnknownIdentityCheck(
  prefix: string,
  overwritten: readonly string[],
): RefuseUnknownIdentity {
  const isOwn: IsInNamespace = createNamespace(prefix);
  const known = new Set(overwritten);
  return (reading) => {
    if (reading.kind !== "described") return reading;
    const unknown = reading.request.headers.some(([name]) => isOwn(name) && !known.has(name.toLowerCase()));
    return unknown
      ? { kind: "ambiguous", problem: "a header of the identity namespace that is not in use" }
      : reading;
  };
}
