/**
 * Tells validators of tokens that were taken back. What could not be told is kept and told again: nobody is answered
 * that a token is revoked before it is (RFC 7009 section 2.2.1 has 503 for that).
 */

import { createHash } from "node:crypto";
import { endRevocation } from "countersign";
import type { RevokedToken } from "./memory-store.ts";

/** A token that is worth nothing from now on. */
export interface DevRevocation {
  /** The same for the same token, however often it is told of. */
  readonly id: string;
  /** `iss` of the token. */
  readonly issuer: string;
  /** `jti` of the token. */
  readonly tokenId: string;
  /** When no validator could accept the token anyway, and the revocation can be forgotten. */
  readonly expiresAtMs: number;
}

/** Resolves once the revocation is durable; told again where it rejects. Several are told at once. */
export type RevocationSink = (revocation: DevRevocation) => Promise<void>;

/** Most revocations that wait to be told; the oldest are given up, with a word in the log. */
const MAX_PENDING = 20_000;
const MAX_AT_ONCE = 16;
const RETRY_MS = 1000;

export class RevocationFeed {
  readonly #issuer: string;
  readonly #sink: RevocationSink | undefined;
  readonly #log: (message: string) => void;
  readonly #pending = new Map<string, DevRevocation>();
  #telling: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(of: {
    readonly issuer: string;
    readonly sink: RevocationSink | undefined;
    readonly log: (message: string) => void;
  }) {
    this.#issuer = of.issuer;
    this.#sink = of.sink;
    this.#log = of.log;
  }

  /** Takes tokens in; `flush` tells of them. Opaque ones are asked about and need no telling. */
  add(tokens: readonly RevokedToken[]): void {
    if (this.#sink === undefined || this.#isClosed) return;
    for (const { tokenId, expiresAtMs } of tokens) {
      if (tokenId === undefined) continue;
      const digest = createHash("sha256").update(`${this.#issuer}\n${tokenId}`).digest("base64url");
      const id = `idp-${digest}`;
      const endMs = endRevocation({ tokenExpiresAtMs: expiresAtMs });
      this.#pending.set(id, { id, issuer: this.#issuer, tokenId, expiresAtMs: endMs });
      if (this.#pending.size > MAX_PENDING) this.#giveUpOldest();
    }
    if (this.#pending.size > 0) this.#retryLater(0);
  }

  #giveUpOldest(): void {
    const [oldest] = this.#pending.keys();
    if (oldest !== undefined) this.#pending.delete(oldest);
    this.#log(
      `identity provider: more than ${MAX_PENDING} revocations wait to be told; the oldest is given up`,
    );
  }

  /** Resolves once everything that was taken in before is told. @throws Error of the sink */
  async flush(): Promise<void> {
    while (this.#pending.size > 0 && !this.#isClosed) {
      this.#telling ??= this.#tellAll().finally(() => {
        this.#telling = undefined;
      });
      await this.#telling;
    }
  }

  async #tellAll(): Promise<void> {
    const waiting = [...this.#pending.values()];
    const failures: unknown[] = [];
    const tellNext = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined && failures.length === 0; next = waiting.shift()) {
        try {
          if (next.expiresAtMs > Date.now()) await this.#sink?.(next);
          this.#pending.delete(next.id);
        } catch (error) {
          failures.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: MAX_AT_ONCE }, tellNext));
    if (failures.length === 0) return;
    this.#retryLater(RETRY_MS);
    throw failures[0];
  }

  #retryLater(delayMs: number): void {
    if (this.#isClosed) return;
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.flush().catch((error: unknown) => {
        const detail = error instanceof Error ? error.message : "unknown failure";
        this.#log(`identity provider: revocations could not be told, ${this.#pending.size} wait: ${detail}`);
      });
    }, delayMs).unref();
  }

  /** Stops telling; what still waits is lost, as is everything else that this provider holds. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
  }
}

export interface SidecarSinkOptions {
  /** Of the admin listener, such as "http://127.0.0.1:9402". */
  readonly adminUrl: string;
  /** What stands in the file that the sidecar's `api.tokenFile` names. */
  readonly apiToken: string;
  /** For each revocation. Default 2000. */
  readonly timeoutMs?: number;
}

/** Revocations into the feed of the sidecars, through the API of one of them. */
export function createSidecarSink({
  adminUrl,
  apiToken,
  timeoutMs = 2000,
}: SidecarSinkOptions): RevocationSink {
  const address = new URL("/api/v1/revocations", adminUrl);
  return async ({ id, issuer, tokenId, expiresAtMs }) => {
    const response = await fetch(address, {
      method: "POST",
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
      headers: { authorization: `Bearer ${apiToken}`, "content-type": "application/json" },
      body: JSON.stringify({
        id,
        target: { kind: "token", issuer, value: tokenId },
        reason: "revoked at the identity provider",
        expiresAtMs,
      }),
    });
    await response.body?.cancel();
    if (!response.ok)
      throw new Error(`expected the sidecar to take a revocation, found status ${response.status}`);
  };
}
