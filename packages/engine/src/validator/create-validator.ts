import { platform } from "#platform";
import { createTrustedIssuer, type TrustedIssuer } from "../issuers/trusted-issuer.ts";
import type { EngineEvent, Observer } from "../ports.ts";
import { Refusal } from "../refusal.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";
import { type CheckedOptions, checkOptions } from "./check-options.ts";
import { createKeySource } from "./create-key-source.ts";
import { createRejected } from "./create-rejected.ts";
import { explainToken } from "./explain.ts";
import { createHeaderMemory } from "./header-memory.ts";
import { type JudgeSetup, judge, type Notes } from "./judge.ts";
import type { ValidatorOptions } from "./options.ts";
import type { Validator } from "./validator.ts";
import { type Explanation, TokenRejected, type Verdict } from "./verdict.ts";

const MAX_REMEMBERED_HEADERS = 256;
const UNTRUSTED = "_untrusted";

/** An issuer whose keys could not be had. */
export interface KeyFailure {
  /** Its alias. */
  readonly issuer: string;
  readonly problem: string;
}

/** Thrown by `ready()` where the keys of at least one issuer could not be had. */
export class KeysNotReadyError extends Error {
  override readonly name = "KeysNotReadyError";
  readonly failures: readonly KeyFailure[];

  constructor(failures: readonly KeyFailure[]) {
    super(failures.map(({ issuer, problem }) => `${issuer}: ${problem}`).join("\n"));
    this.failures = Object.freeze([...failures]);
  }
}

/**
 * Compiles a configuration into a validator. Make it once: it holds the keys and, for remote keys, a timer.
 *
 * @throws ConfigurationError with every problem at once, each with path, problem and remedy.
 */
export function createValidator(options: ValidatorOptions): Validator {
  return new CompiledValidator(checkOptions(options));
}

class CompiledValidator implements Validator {
  readonly #issuers: readonly TrustedIssuer[];
  readonly #setup: JudgeSetup;
  readonly #observer: Observer | undefined;

  constructor(options: CheckedOptions) {
    this.#observer = options.observer;
    this.#issuers = options.issuers.map(({ rules, keys }) =>
      createTrustedIssuer(
        rules,
        createKeySource({ rules, keys, options, tell: (event) => this.#tell(event) }),
      ),
    );
    this.#setup = Object.freeze({
      issuers: new Map(this.#issuers.map((issuer) => [issuer.issuer, issuer])),
      maxTokenBytes: options.maxTokenBytes,
      clock: options.clock,
      headers: createHeaderMemory(MAX_REMEMBERED_HEADERS),
    });
    for (const { issuer, path, value } of options.optOuts) {
      this.#tell({ type: "opt_out_in_force", issuer, path, value });
    }
  }

  async validate(token: string): Promise<Verdict> {
    try {
      return await this.#judge(token);
    } catch {
      return DEFECT;
    }
  }

  validateSync(token: string): Verdict {
    if (!platform.synchronous) {
      throw new TypeError(
        "validateSync needs synchronous crypto, which this runtime does not have; use validate",
      );
    }
    try {
      const verdict = this.#judge(token);
      if (!(verdict instanceof Promise)) return verdict;
      // The fetch goes on, so that a later call finds the keys.
      verdict.catch(() => undefined);
      return KEYS_NOT_THERE;
    } catch {
      return DEFECT;
    }
  }

  async verify(token: string): Promise<VerifiedToken> {
    const verdict = await this.validate(token);
    if (verdict.ok) return verdict.token;
    throw new TokenRejected(verdict);
  }

  async explain(token: string): Promise<Explanation> {
    const verdict = await this.validate(token);
    try {
      return await explainToken(this.#setup, token, verdict);
    } catch {
      // What no step can be run for, a clock that gives no time for one, is in the verdict already.
      return Object.freeze({ verdict, steps: Object.freeze([]), signatureVerified: false });
    }
  }

  async ready(): Promise<void> {
    const results = await Promise.allSettled(this.#issuers.map((issuer) => issuer.keys.ready()));
    const failures: KeyFailure[] = [];
    for (const [index, result] of results.entries()) {
      if (result.status === "fulfilled") continue;
      const problem = result.reason instanceof Error ? result.reason.message : "failed without saying why";
      failures.push({ issuer: this.#issuers[index]?.name ?? "", problem });
    }
    if (failures.length > 0) throw new KeysNotReadyError(failures);
  }

  async close(): Promise<void> {
    await Promise.all(this.#issuers.map((issuer) => issuer.keys.close()));
  }

  /** Judges, and where somebody watches, tells how it went. */
  #judge(token: string): Verdict | Promise<Verdict> {
    if (this.#observer === undefined) return judge(this.#setup, token);
    const watched: Watched = { startedMs: performance.now(), notes: {} };
    try {
      const verdict = judge(this.#setup, token, watched.notes);
      if (!(verdict instanceof Promise)) return this.#report(verdict, watched);
      return verdict.then(
        (settled) => this.#report(settled, watched),
        () => this.#report(DEFECT, watched),
      );
    } catch {
      return this.#report(DEFECT, watched);
    }
  }

  #report(verdict: Verdict, { startedMs, notes }: Watched): Verdict {
    const { signatureStarted, signatureEnded } = notes;
    this.#tell({
      type: "validation_finished",
      issuer: notes.issuer?.name ?? UNTRUSTED,
      reason: verdict.ok ? "ok" : verdict.reason,
      fault: verdict.ok ? "none" : verdict.fault,
      algorithm: notes.algorithm?.name,
      durationMs: performance.now() - startedMs,
      signatureMs:
        signatureStarted === undefined || signatureEnded === undefined
          ? undefined
          : signatureEnded - signatureStarted,
    });
    return verdict;
  }

  #tell(event: EngineEvent): void {
    try {
      this.#observer?.(event);
    } catch {
      // Whoever watches must not change what is decided.
    }
  }
}

interface Watched {
  readonly startedMs: number;
  readonly notes: Notes;
}

/** A defect refuses: it is told as ours, and never as the token's. */
const DEFECT: Verdict = createRejected(new Refusal("internal_error"));

const KEYS_NOT_THERE: Verdict = createRejected(
  new Refusal("keys_unavailable", { found: "keys that have to be fetched first", retryAfterSeconds: 1 }),
);
