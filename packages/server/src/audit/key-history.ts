/** Since when each key of an issuer is published here, and whether it was used: a key in use that nobody announced stands out. */

import type { EngineEvent, KeySummary } from "countersign";

import type { AuditDraft } from "./audit-event.ts";

type KeyChange = Extract<EngineEvent, { type: "key_set_changed" }>;

interface KnownKey {
  /** Milliseconds since the epoch; undefined for keys that were there when the issuer's were first seen. */
  readonly addedMs: number | undefined;
  isUsed: boolean;
}

export class KeyHistory {
  /** By issuer's alias, and the key's id and algorithm; bounded as key sets are. */
  readonly #issuers = new Map<string, Map<string, KnownKey>>();

  /** What is new of a change: a configuration that is read again brings the same keys again. */
  change({ issuer, added, removed }: KeyChange, nowMs: number): Pick<KeyChange, "added" | "removed"> {
    const isFirst = !this.#issuers.has(issuer);
    const known = this.#issuers.get(issuer) ?? new Map<string, KnownKey>();
    this.#issuers.set(issuer, known);
    for (const key of removed) known.delete(nameKey(key));
    const fresh = added.filter((key) => !known.has(nameKey(key)));
    for (const key of fresh) known.set(nameKey(key), { addedMs: isFirst ? undefined : nowMs, isUsed: false });
    return { added: fresh, removed };
  }

  /** Undefined where the key was used before, in another process. */
  describeFirstUse(draft: AuditDraft): AuditDraft | undefined {
    const { issuer = "", keyId, algorithm = "", timeMs } = draft;
    const known = this.#issuers.get(issuer)?.get(nameKey({ keyId, algorithm }));
    // Of keys that are written in the configuration no change is ever told.
    if (known === undefined) {
      this.#noteOther(issuer, { keyId, algorithm });
      return draft;
    }
    if (known.isUsed) return undefined;
    known.isUsed = true;
    const { addedMs } = known;
    return addedMs === undefined
      ? draft
      : { ...draft, keyAgeSeconds: Math.max(0, Math.round((timeMs - addedMs) / 1000)) };
  }

  #noteOther(issuer: string, key: KeySummary): void {
    const known = this.#issuers.get(issuer) ?? new Map<string, KnownKey>();
    this.#issuers.set(issuer, known);
    known.set(nameKey(key), { addedMs: undefined, isUsed: true });
  }
}

function nameKey({ keyId, algorithm }: KeySummary): string {
  return JSON.stringify([keyId ?? "", algorithm]);
}
