import type { Revocation } from "countersign";

import type { SidecarAudit } from "../audit/sidecar-audit.ts";
import type { AppendResult, LiftResult, RevocationLift } from "../stores/revocation-store.ts";
import { CANARY_ISSUER } from "./canary.ts";
import type { OpenedRevocationStore } from "./open-stores.ts";

/** The store, told to the audit trail: what was added or lifted is written before whoever asked for it is answered. */
export function auditStore(
  store: OpenedRevocationStore,
  audit: Pick<SidecarAudit, "recordRevocations" | "recordLift">,
): OpenedRevocationStore {
  return {
    async append(revocations: readonly Revocation[]): Promise<readonly AppendResult[]> {
      const results = await store.append(revocations);
      const added = revocations.filter(
        ({ target }, index) => results[index]?.outcome === "added" && target.issuer !== CANARY_ISSUER,
      );
      if (added.length > 0) await audit.recordRevocations(added);
      return results;
    },
    async lift(lift: RevocationLift): Promise<LiftResult> {
      const result = await store.lift(lift);
      if (result.outcome === "lifted") await audit.recordLift(lift);
      return result;
    },
    read: (query) => store.read(query),
    waitForChange: (query) => store.waitForChange(query),
    list: (query) => store.list(query),
    expire: (limit) => store.expire(limit),
    report: (report) => store.report(report),
    listInstances: () => store.listInstances(),
    forgetInstance: (id) => store.forgetInstance(id),
    close: () => store.close(),
    ...(store.findWeaknesses !== undefined && { findWeaknesses: store.findWeaknesses.bind(store) }),
  };
}
