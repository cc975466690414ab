/** Which instances follow a store, and how far each of them is. */

/** The public keys that an instance counts for one issuer. */
export interface KeySetReport {
  /** The alias; "*" stands for all that are not listed by themselves. */
  readonly issuer: string;
  /** Null where there are none, or none that are public. */
  readonly hash: string | null;
}

/** What an instance says of itself. */
export interface InstanceReport {
  /** 1..128 of A-Z a-z 0-9 . _ : - */
  readonly id: string;
  readonly version: string;
  /** Everything up to this position is in force in all of its processes. */
  readonly position: number;
  /** How long ago it was known to be complete; undefined before the first time. */
  readonly ageSeconds: number | undefined;
  readonly isConnected: boolean;
  /** As in `countersign_config_info`; undefined until something is in force, and of versions that do not say. */
  readonly configurationHash?: string;
  /** At most 64; as `configurationHash`. */
  readonly keySets?: readonly KeySetReport[];
}

export interface KnownInstance extends InstanceReport {
  /** Since its last report, by the clock of the store. */
  readonly silentMs: number;
}

export interface InstanceRegistry {
  report(report: InstanceReport): Promise<void>;
  /** Those that reported within the last ten minutes and were not forgotten; at most 10,000. */
  listInstances(): Promise<readonly KnownInstance[]>;
  /** An instance that ends says so. */
  forgetInstance(id: string): Promise<void>;
}

export const INSTANCE_RETENTION_MS = 600_000;
export const MAX_INSTANCES = 10_000;
export const MAX_KEY_SETS = 64;

/** What a store holds of an instance; undefined where it is in no form that is known here. */
export function readInstance(json: unknown, silentMs: number): KnownInstance | undefined {
  try {
    const { id, version, position, ageSeconds, isConnected, configurationHash, keySets } = JSON.parse(
      String(json),
    ) as Partial<InstanceReport>;
    if (typeof id !== "string" || !/^[A-Za-z0-9._:-]{1,128}$/.test(id)) return undefined;
    if (typeof version !== "string" || version.length > 64) return undefined;
    if (!Number.isSafeInteger(position) || typeof isConnected !== "boolean") return undefined;
    const age = typeof ageSeconds === "number" ? ageSeconds : undefined;
    return {
      id,
      version,
      position: Number(position),
      ageSeconds: age,
      isConnected,
      silentMs: Math.max(0, silentMs),
      ...(isHash(configurationHash) && { configurationHash }),
      ...(isKeySets(keySets) && { keySets: keySets.map(({ issuer, hash }) => ({ issuer, hash })) }),
    };
  } catch {
    return undefined;
  }
}

function isHash(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(value);
}

function isKeySets(value: unknown): value is readonly KeySetReport[] {
  if (!Array.isArray(value) || value.length > MAX_KEY_SETS) return false;
  return value.every((each: Partial<KeySetReport> | null) => {
    if (each === null || typeof each !== "object") return false;
    const { issuer, hash } = each;
    return (
      typeof issuer === "string" && /^[A-Za-z0-9._*-]{1,256}$/.test(issuer) && (hash === null || isHash(hash))
    );
  });
}
