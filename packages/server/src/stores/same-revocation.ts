import type { Revocation } from "countersign";

/** Whether two revocations refuse the same tokens until the same time; who says so, why and when does not count. */
export function isSameRevocation(left: Revocation, right: Revocation): boolean {
  return (
    left.status === right.status &&
    left.expiresAtMs === right.expiresAtMs &&
    left.target.kind === right.target.kind &&
    left.target.issuer === right.target.issuer &&
    left.target.value === right.target.value &&
    left.target.issuedBeforeSeconds === right.target.issuedBeforeSeconds
  );
}
