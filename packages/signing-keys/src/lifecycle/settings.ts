import { computeBounds } from "../planner/bounds.ts";
import { DEFAULT_TIMING, type RotationTiming, takeLonger } from "../planner/timing.ts";
import type { SigningAlgorithm } from "../public-signing-jwk.ts";
import { findLedgerProblem } from "./find-ledger-problem.ts";
import type { KeyLedger, LedgerSettings } from "./key-ledger.ts";

export interface LedgerOptions {
  /** As in `iss`. */
  readonly issuer: string;
  /** Default ES256. */
  readonly algorithm?: SigningAlgorithm;
  /** The name of the back end that makes keys. Default "file". */
  readonly backend?: string;
  /** What is left out is `DEFAULT_TIMING`'s. */
  readonly timing?: Partial<RotationTiming>;
  /** The `max-age` of the JWKS. Default and at most C. */
  readonly maxAgeSeconds?: number;
  /** How long a removed or revoked key can be restored. Default a day; 0..31622400. */
  readonly retentionSeconds?: number;
}

export type SettingsChange = Partial<Omit<LedgerOptions, "issuer">>;

const DEFAULT_RETENTION_SECONDS = 86_400;

/** The first ledger, which holds no key yet. @throws RangeError where an option is outside its bounds. */
export function createLedger(options: LedgerOptions): KeyLedger {
  const {
    issuer,
    algorithm = "ES256",
    backend = "file",
    retentionSeconds = DEFAULT_RETENTION_SECONDS,
  } = options;
  const timing = { ...DEFAULT_TIMING, ...options.timing };
  const maxAgeSeconds = options.maxAgeSeconds ?? Math.max(1, Math.floor(timing.clientCacheSeconds));
  const settings = { issuer, algorithm, backend, timing, maxAgeSeconds, retentionSeconds };
  if (issuer === "" || issuer.length > 2048) throw new RangeError("issuer: expected 1 to 2048 characters");
  return check({ ...settings, format: 1, version: 1, keys: [], pending: [], history: [] });
}

/**
 * Changes what holds from now on. What is made shorter still counts with its old length until no copy and no token that
 * was made under it can be about. @throws RangeError where an option is outside its bounds.
 */
export function changeSettings(ledger: KeyLedger, change: SettingsChange, nowMs: number): KeyLedger {
  const timing = { ...ledger.timing, ...change.timing };
  const settings: Omit<LedgerSettings, "issuer"> = {
    algorithm: change.algorithm ?? ledger.algorithm,
    backend: change.backend ?? ledger.backend,
    timing,
    maxAgeSeconds: Math.min(
      change.maxAgeSeconds ?? ledger.maxAgeSeconds,
      Math.max(1, timing.clientCacheSeconds),
    ),
    retentionSeconds: change.retentionSeconds ?? ledger.retentionSeconds,
  };
  const names = ["algorithm", "backend", "timing", "maxAgeSeconds", "retentionSeconds"] as const;
  const isSame = names.every((name) => JSON.stringify(settings[name]) === JSON.stringify(ledger[name]));
  if (isSame) return ledger;
  const recent = ledger.former !== undefined && nowMs < ledger.former.untilMs ? ledger.former : undefined;
  const longest = takeLonger(ledger.timing, recent?.timing ?? {});
  const bounds = computeBounds(longest);
  const untilMs = Math.max(recent?.untilMs ?? 0, nowMs + Math.max(bounds.promote.ms, bounds.remove.ms));
  const keys = ledger.keys.map((key) => {
    if (key.state !== "active") return key;
    return {
      ...key,
      tokenLifetimeSeconds: Math.max(key.tokenLifetimeSeconds ?? 0, timing.tokenLifetimeSeconds),
    };
  });
  return check({
    ...ledger,
    ...settings,
    keys,
    version: ledger.version + 1,
    former: { timing: longest, untilMs },
  });
}

function check(ledger: KeyLedger): KeyLedger {
  const problem = findLedgerProblem(ledger);
  if (problem !== undefined) throw new RangeError(`The settings cannot be: ${problem}`);
  return ledger;
}
