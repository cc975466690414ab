/** Gates that look at every known verifier: what it holds, what it last used, what its clock says, whether a canary passes. */

import type { KeyLedger, KeyRecord } from "../lifecycle/key-ledger.ts";
import { askVerifiers, concludeGate } from "./ask-verifiers.ts";
import type { Gate, GateAnswer, GateQuestion } from "./gate.ts";
import type { Verifier, VerifierKeys } from "./verifier.ts";

/** Before a key signs, every process of every verifier holds it. */
export function createHeldGate(verifiers: readonly Verifier[]): Gate {
  const gate = "verifier_keys";
  return {
    name: gate,
    async check({ step, ledger, key }: GateQuestion): Promise<GateAnswer> {
      if (step !== "promote") return pass(gate, "asked before a key signs only");
      const findings = await askVerifiers(verifiers, async (verifier) => {
        const held = await verifier.readKeys(ledger.issuer);
        return findSilence(held) ?? findMissing(held, key);
      });
      return concludeGate(gate, findings, `${verifiers.length} verifiers hold the key`);
    },
  };
}

/** One that does not answer may be frozen, and then goes on with what it has. */
function findSilence({ judging, answered, upToDate }: VerifierKeys): string | undefined {
  if (judging === 0) return "none of its processes judges";
  if (answered < judging) return `${judging - answered} of its ${judging} processes do not answer`;
  return upToDate < judging ? `${judging - upToDate} of its ${judging} processes have older keys` : undefined;
}

function findMissing({ keys }: VerifierKeys, { keyId }: KeyRecord): string | undefined {
  const found = keys.find((key) => key.keyId === keyId);
  if (found === undefined || found.state === "gone") return "it does not know the key yet";
  return found.state === "current" ? undefined : `the key is ${found.state} there`;
}

/** Before a key leaves, no verifier has accepted a token of it for longer than clocks and leeway explain. */
export function createUnusedGate(verifiers: readonly Verifier[]): Gate {
  const gate = "last_used";
  return {
    name: gate,
    async check({ step, ledger, key, nowMs }: GateQuestion): Promise<GateAnswer> {
      if (step !== "remove") return pass(gate, "asked before a key leaves only");
      const { leewaySeconds, clockErrorSeconds } = ledger.timing;
      const quietMs = (leewaySeconds + 2 * clockErrorSeconds) * 1000;
      const findings = await askVerifiers(verifiers, async (verifier) => {
        const held = await verifier.readKeys(ledger.issuer);
        if (held.answered < held.judging) return findSilence(held);
        const usedMs = held.keys.find(({ keyId }) => keyId === key.keyId)?.lastUsedAtMs ?? undefined;
        if (usedMs === undefined) return undefined;
        const agoMs = nowMs - (usedMs - held.clockAheadMs);
        return agoMs > quietMs
          ? undefined
          : `it accepted a token of the key ${Math.max(0, Math.round(agoMs / 1000))} s ago; somebody still sends them`;
      });
      return concludeGate(gate, findings, `unused for ${quietMs / 1000} s at ${verifiers.length} verifiers`);
    },
  };
}

/** The bounds count on clocks that are at most E apart. */
export function createClockGate(verifiers: readonly Verifier[]): Gate {
  const gate = "clock_skew";
  return {
    name: gate,
    async check({ ledger }: GateQuestion): Promise<GateAnswer> {
      const mostMs = ledger.timing.clockErrorSeconds * 1000;
      const findings = await askVerifiers(verifiers, async (verifier) => {
        const { clockAheadMs, clockUncertaintyMs, sourceSkewSeconds } = await verifier.readKeys(
          ledger.issuer,
        );
        const offMs = Math.abs(clockAheadMs) - clockUncertaintyMs;
        if (offMs > mostMs)
          return `its clock is ${(clockAheadMs / 1000).toFixed(1)} s from ours, more than E`;
        // The Date header tells whole seconds.
        const sourceMs = (Math.abs(sourceSkewSeconds ?? 0) - 1) * 1000;
        return sourceMs > mostMs
          ? `its clock is ${sourceSkewSeconds ?? 0} s from that of the JWKS, more than E`
          : undefined;
      });
      return concludeGate(gate, findings, `${verifiers.length} clocks within ${mostMs / 1000} s`);
    },
  };
}

/** A token signed by the key that would sign; made anew for each question, and good for moments only. */
export type SignCanary = (key: KeyRecord, ledger: KeyLedger) => Promise<string>;

/** Before a key signs, each process of each verifier accepts a token that it signed. */
export function createCanaryGate(verifiers: readonly Verifier[], signCanary: SignCanary): Gate {
  const gate = "canary";
  return {
    name: gate,
    async check({ step, ledger, key }: GateQuestion): Promise<GateAnswer> {
      if (step !== "promote") return pass(gate, "asked before a key signs only");
      let token: string;
      try {
        token = await signCanary(key, ledger);
      } catch {
        return { gate, status: "unavailable", detail: "the key cannot sign a canary; see its back end" };
      }
      const findings = await askVerifiers(verifiers, async (verifier) => {
        const { judging, reasons } = await verifier.judgeCanary(token);
        const refused = reasons.find((reason) => reason !== "ok");
        if (refused !== undefined) return `it refuses a token of the key: ${refused.slice(0, 64)}`;
        const silent = judging - reasons.length;
        return judging === 0 || silent > 0 ? `${silent} of its ${judging} processes say nothing` : undefined;
      });
      return concludeGate(gate, findings, `${verifiers.length} verifiers accept a token of the key`);
    },
  };
}

function pass(gate: string, detail: string): GateAnswer {
  return { gate, status: "open", detail };
}
