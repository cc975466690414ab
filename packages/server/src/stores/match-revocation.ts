import type { Revocation } from "countersign";
import type { RevocationFilter } from "./revocation-store.ts";

export function matchRevocation(
  { id, target, status, actor }: Revocation,
  filter: RevocationFilter,
): boolean {
  const found: Readonly<Record<keyof RevocationFilter, string | undefined>> = {
    id,
    issuer: target.issuer,
    kind: target.kind,
    value: target.value,
    status,
    actor,
  };
  return (Object.keys(found) as (keyof RevocationFilter)[]).every(
    (member) => filter[member] === undefined || filter[member] === found[member],
  );
}
