import { randomUUID } from "node:crypto";
import type { KeyLedger, KeyRecord } from "../lifecycle/key-ledger.ts";
import type { KeyBackend } from "../signer.ts";
import type { SignCanary } from "./verifier-gates.ts";

export interface CanaryOptions {
  /** What tokens of this issuer must say to be accepted, such as `aud`; an upstream must give these no rights. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Default "at+jwt". */
  readonly type?: string;
  /** Default 30; 1..300. */
  readonly lifetimeSeconds?: number;
}

export interface CanarySetup {
  /** @throws where the back end is not set up. */
  readonly findBackend: (name: string) => Pick<KeyBackend, "open">;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
}

const DEFAULT_LIFETIME_SECONDS = 30;

/** Signs canaries by the key itself, whatever its state. They are good tokens: `sub` and `client_id` say what they are. */
export function createCanarySigner(
  { claims, type = "at+jwt", lifetimeSeconds = DEFAULT_LIFETIME_SECONDS }: CanaryOptions,
  { findBackend, clock = Date.now }: CanarySetup,
): SignCanary {
  if (!(lifetimeSeconds >= 1 && lifetimeSeconds <= 300)) {
    throw new RangeError("lifetimeSeconds: expected 1 to 300");
  }
  return async ({ reference }: KeyRecord, { issuer, timing }: KeyLedger) => {
    const backend = findBackend(reference.backend);
    const signer = await backend.open(reference);
    const nowSeconds = Math.floor(clock() / 1000);
    const payload = {
      sub: "countersign-canary",
      client_id: "countersign-canary",
      jti: randomUUID(),
      ...claims,
      iss: issuer,
      iat: nowSeconds,
      exp: nowSeconds + Math.floor(Math.max(1, Math.min(lifetimeSeconds, timing.tokenLifetimeSeconds))),
    };
    const header = { alg: signer.algorithm, typ: type, kid: signer.keyId };
    const input = `${encode(header)}.${encode(payload)}`;
    const signature = await signer.sign(Buffer.from(input, "ascii"));
    return `${input}.${Buffer.from(signature).toString("base64url")}`;
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
