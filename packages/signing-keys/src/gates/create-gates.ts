import { type CanaryOptions, type CanarySetup, createCanarySigner } from "./create-canary-signer.ts";
import type { Gate } from "./gate.ts";
import { createJwksUrlGate } from "./jwks-url-gate.ts";
import type { Verifier } from "./verifier.ts";
import { createCanaryGate, createClockGate, createHeldGate, createUnusedGate } from "./verifier-gates.ts";

export interface GateSetup extends CanarySetup {
  /** Every verifier that can be asked. Those that cannot are waited for by the bounds alone. */
  readonly verifiers: readonly Verifier[];
  /** Where the JWKS is public. */
  readonly jwksUrls: readonly string[];
  /** Absent: no canary is sent. */
  readonly canary?: CanaryOptions | undefined;
  /** Of one question. Default 5000. */
  readonly timeoutMs?: number;
}

/** The values of the label `gate`. */
export const GATE_NAMES: readonly string[] = ["verifier_keys", "canary", "clock_skew", "last_used", "jwks"];

/** What has to be seen before a key signs or leaves; none where nothing can be looked at. */
export function createGates(setup: GateSetup): readonly Gate[] {
  const { verifiers, jwksUrls, canary, timeoutMs } = setup;
  const signCanary = canary === undefined ? undefined : createCanarySigner(canary, setup);
  return [
    ...(verifiers.length === 0
      ? []
      : [
          createHeldGate(verifiers),
          ...(signCanary === undefined ? [] : [createCanaryGate(verifiers, signCanary)]),
          createClockGate(verifiers),
          createUnusedGate(verifiers),
        ]),
    ...(jwksUrls.length === 0
      ? []
      : [createJwksUrlGate({ urls: jwksUrls, ...(timeoutMs !== undefined && { timeoutMs }) })]),
  ];
}
