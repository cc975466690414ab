import type { AuditDraft } from "./audit-event.ts";

/** Takes events and waits for nothing; what there is no room for is counted. */
export interface AuditSink {
  record(draft: AuditDraft): void;
}

/** What operators and keys do is told to the process that writes, and may be waited for. */
export interface AuditTrailPort extends AuditSink {
  /** Resolves once the file, or else the first output, has it; at the latest after two seconds. Never rejects. */
  recordDurably(drafts: readonly AuditDraft[]): Promise<void>;
}
