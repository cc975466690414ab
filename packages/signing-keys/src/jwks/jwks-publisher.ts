import type { KeyLedger } from "../lifecycle/key-ledger.ts";
import type { KeyStore } from "../lifecycle/key-store.ts";
import { createJwks, type PublishedJwks } from "./create-jwks.ts";
import { LedgerFollower } from "./ledger-follower.ts";

export interface JwksPublisherOptions {
  readonly store: Pick<KeyStore, "read">;
  /** How often the store is read; together with how long that takes at most P. Default 1000; 10..60000. */
  readonly intervalMs?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
  /** Told where the store cannot be read, or holds what must not be shown; the last good set is shown on. */
  readonly onFailure?: (error: unknown) => void;
}

/** Shows the JWKS of a ledger: by `handle`, wherever Request and Response are known, or as text for a file. */
export class JwksPublisher {
  readonly #clock: () => number;
  readonly #follower: LedgerFollower;
  #ledger: KeyLedger | undefined;

  /** @throws RangeError where the interval is outside its bounds. */
  constructor({ store, intervalMs = 1000, clock = Date.now, onFailure }: JwksPublisherOptions) {
    if (!(intervalMs >= 10 && intervalMs <= 60_000)) throw new RangeError("intervalMs: expected 10 to 60000");
    this.#clock = clock;
    this.#follower = new LedgerFollower({
      store,
      intervalMs,
      onLedger: (ledger) => {
        // Throws where it must not be shown, and then the one before stays.
        createJwks(ledger, clock());
        this.#ledger = ledger;
      },
      ...(onFailure !== undefined && { onFailure }),
    });
  }

  start(): Promise<void> {
    return this.#follower.start();
  }

  /** Reads the store now. */
  refresh(): Promise<void> {
    return this.#follower.refresh();
  }

  close(): Promise<void> {
    return this.#follower.close();
  }

  /** Undefined until the store was read for the first time. */
  read(): PublishedJwks | undefined {
    return this.#ledger === undefined ? undefined : createJwks(this.#ledger, this.#clock());
  }

  /** Answers GET and HEAD, with 304 where the caller has it already; 503 until there is something to show. */
  handle(request: Request): Response {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response(null, { status: 405, headers: { Allow: "GET, HEAD" } });
    }
    const jwks = this.read();
    if (jwks === undefined) {
      return new Response(null, {
        status: 503,
        headers: { "Retry-After": "1", "Cache-Control": "no-store" },
      });
    }
    const headers = {
      "Content-Type": "application/jwk-set+json",
      "Cache-Control": `public, max-age=${jwks.maxAgeSeconds}`,
      ETag: jwks.etag,
      // Public keys, without credentials: pages of any origin may verify.
      "Access-Control-Allow-Origin": "*",
      "X-Content-Type-Options": "nosniff",
    };
    if (matchesEtag(request.headers.get("If-None-Match"), jwks.etag)) {
      return new Response(null, { status: 304, headers });
    }
    return new Response(request.method === "HEAD" ? null : jwks.body, { status: 200, headers });
  }
}

/** Weak comparison (RFC 9110 section 13.1.2): caches on the way may have weakened it. */
function matchesEtag(header: string | null, etag: string): boolean {
  if (header === null || header.length > 4096) return false;
  return header.split(",").some((each) => {
    const candidate = each.trim().replace(/^W\//, "");
    return candidate === etag || candidate === "*";
  });
}
