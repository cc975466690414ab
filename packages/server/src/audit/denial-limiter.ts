/** How many refusals of one reason and issuer are told one by one. The others are counted, and told as a number. */

export interface DenialLimits {
  /** Told one by one, sustained. */
  readonly perSecond: number;
  /** Told one by one, at once. */
  readonly burst: number;
}

/** So many refusals that were not told one by one. */
export interface Suppressed {
  readonly reason: string;
  readonly issuer: string | undefined;
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
}

interface Bucket {
  readonly reason: string;
  readonly issuer: string | undefined;
  tokens: number;
  filledMs: number;
  suppressed: number;
  sinceMs: number;
}

export class DenialLimiter {
  readonly #limits: DenialLimits;
  /** Both parts come from closed sets: the table of reasons, and the aliases of the configuration. */
  readonly #buckets = new Map<string, Map<string, Bucket>>();

  constructor(limits: DenialLimits) {
    this.#limits = limits;
  }

  /** False where it is only counted. */
  take(reason: string, issuer: string | undefined, nowMs: number): boolean {
    const bucket = this.#find(reason, issuer, nowMs);
    const { perSecond, burst } = this.#limits;
    const elapsedMs = Math.max(0, nowMs - bucket.filledMs);
    bucket.tokens = Math.min(burst, bucket.tokens + (elapsedMs / 1000) * perSecond);
    bucket.filledMs = nowMs;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return true;
    }
    if (bucket.suppressed === 0) bucket.sinceMs = nowMs;
    bucket.suppressed += 1;
    return false;
  }

  /** What was only counted since the last call. */
  takeSuppressed(): readonly Suppressed[] {
    const found: Suppressed[] = [];
    for (const buckets of this.#buckets.values()) {
      for (const bucket of buckets.values()) {
        if (bucket.suppressed === 0) continue;
        const { reason, issuer, suppressed: count, sinceMs } = bucket;
        found.push({ reason, issuer, count, sinceMs });
        bucket.suppressed = 0;
      }
    }
    return found;
  }

  #find(reason: string, issuer: string | undefined, nowMs: number): Bucket {
    const known = this.#buckets.get(reason)?.get(issuer ?? "");
    if (known !== undefined) return known;
    const { burst } = this.#limits;
    const bucket = { reason, issuer, tokens: burst, filledMs: nowMs, suppressed: 0, sinceMs: 0 };
    const buckets = this.#buckets.get(reason) ?? new Map<string, Bucket>();
    this.#buckets.set(reason, buckets.set(issuer ?? "", bucket));
    return bucket;
  }
}
