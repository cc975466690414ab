/** What security events do: CAEP 1.0 and RISC 1.0 as a table, which a configuration may change. */

import type { SignalAction } from "../config/signals-configuration.ts";

interface KnownEvent {
  readonly action: SignalAction;
  /** Whether its members say that something got worse; absent: it always did. */
  readonly isWorse?: (event: Readonly<Record<string, unknown>>) => boolean;
}

const CAEP = "https://schemas.openid.net/secevent/caep/event-type/";
const RISC = "https://schemas.openid.net/secevent/risc/event-type/";

/** Of the Shared Signals Framework itself (section 8.1.4); it revokes nothing. */
export const VERIFICATION_EVENT = "https://schemas.openid.net/secevent/ssf/event-type/verification";

const REVOKE: KnownEvent = { action: "revoke" };
const IGNORE: KnownEvent = { action: "ignore", isWorse: () => false };

const CAEP_EVENTS: Readonly<Record<string, KnownEvent>> = {
  "session-revoked": REVOKE,
  "token-claims-change": REVOKE,
  // A credential that is new takes nothing from those that there are (CAEP section 3.3).
  "credential-change": { action: "revoke", isWorse: (event) => event["change_type"] !== "create" },
  "assurance-level-change": {
    action: "revoke",
    isWorse: (event) => event["change_direction"] !== "increase",
  },
  "device-compliance-change": {
    action: "revoke",
    isWorse: (event) => event["current_status"] !== "compliant",
  },
  "risk-level-change": {
    action: "revoke",
    isWorse: (event) => !["LOW", "MEDIUM"].includes(String(event["current_level"])),
  },
  "session-established": IGNORE,
  "session-presented": IGNORE,
};

const RISC_EVENTS: Readonly<Record<string, KnownEvent>> = {
  "account-credential-change-required": REVOKE,
  "account-purged": REVOKE,
  "account-disabled": REVOKE,
  "account-enabled": IGNORE,
  "credential-compromise": REVOKE,
  "identifier-changed": IGNORE,
  // Who has it now is somebody else.
  "identifier-recycled": REVOKE,
  "sessions-revoked": REVOKE,
  "recovery-activated": IGNORE,
  "recovery-information-changed": IGNORE,
};

const KNOWN: ReadonlyMap<string, KnownEvent> = new Map([
  ...Object.entries(CAEP_EVENTS).map(([name, event]) => [CAEP + name, event] as const),
  ...Object.entries(RISC_EVENTS).map(([name, event]) => [RISC + name, event] as const),
]);

/** The event's name for people; undefined where it is none of ours, for logs show nothing that only a sender said. */
export function nameEvent(type: string, policy: Readonly<Record<string, SignalAction>>): string | undefined {
  if (KNOWN.has(type)) return type.slice(type.lastIndexOf("/") + 1);
  return Object.hasOwn(policy, type) ? type : undefined;
}

/** Whether an event revokes what it is about. What nobody knows revokes nothing (RFC 8417 section 2.2). */
export function isRevoking(
  type: string,
  event: Readonly<Record<string, unknown>>,
  policy: Readonly<Record<string, SignalAction>>,
): boolean {
  const known = KNOWN.get(type);
  const short = known && type.slice(type.lastIndexOf("/") + 1);
  const action = readOwn(policy, type) ?? (short && readOwn(policy, short)) ?? known?.action ?? "ignore";
  if (action === "ignore") return false;
  return action === "always" || (known?.isWorse?.(event) ?? true);
}

function readOwn(policy: Readonly<Record<string, SignalAction>>, name: string): SignalAction | undefined {
  return Object.hasOwn(policy, name) ? policy[name] : undefined;
}
