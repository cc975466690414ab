import { platform } from "#platform";
import { createTrustedIssuer, type TrustedIssuer } from "../issuers/trusted-issuer.ts";
import { OPEN_KEYS } from "../keys/key-sharing.ts";
import type { KeySource } from "../keys/key-source.ts";
import { createRemoteKeySet } from "../keys/remote-key-set.ts";
import { createStaticKeySource } from "../keys/static-key-source.ts";
import type { EngineEvent, Observer } from "../ports.ts";
import { Refusal } from "../refusal.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";
import { type CheckedIssuer, type CheckedOptions, checkOptions } from "./check-options.ts";
import { createRejected } from "./create-rejected.ts";
import { explainToken } from "./explain.ts";
import { createHeaderMemory } from "./header-memory.ts";
import { type JudgeSetup, judge, type Notes } from "./judge.ts";
import type { ValidatorOptions } from "./options.ts";
import type { Validator } from "./validator.ts";
import { type Explanation, TokenRejected, type Verdict } from "./verdict.ts";

const MAX_REMEMBERED_HEADERS = 256;

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
    const { issuers, optOuts, maxTokenBytes, clock, observer } = options;
    this.#observer = observer;
    this.#issuers = issuers.map((checked) =>
      createTrustedIssuer(checked.rules, this.#openKeys(checked, options)),
    );
    this.#setup = {
      issuers: new Map(this.#issuers.map((issuer) => [issuer.issuer, issuer])),
      maxTokenBytes,
      clock,
      headers: createHeaderMemory(MAX_REMEMBERED_HEADERS),
    };
    for (const { issuer, path, value } of optOuts) {
      this.#tell({ type: "opt_out_in_force", issuer, path, value });
    }
  }

  /** The source of an issuer's keys, isolated from every other issuer's. */
  #openKeys({ rules, keys }: CheckedIssuer, { fetch, clock, keySharing }: CheckedOptions): KeySource {
    const observer = (event: EngineEvent): void => this.#tell(event);
    if ("settings" in keys) {
      const remote = { ...rules, ...keys, fetch, clock, observer };
      return keySharing?.[OPEN_KEYS](remote) ?? createRemoteKeySet(remote);
    }
    for (const { index, problem } of keys.refused) {
      this.#tell({ type: "key_refused", issuer: rules.name, index, problem });
    }
    return createStaticKeySource(keys);
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
      throw new TypeError("validateSync needs synchronous crypto, which this runtime lacks; use validate");
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
    const results = this.#issuers.map(async ({ name: issuer, keys }): Promise<readonly KeyFailure[]> => {
      try {
        await keys.ready();
        return [];
      } catch (error) {
        const problem = error instanceof Error ? error.message : "failed without saying why";
        return [{ issuer, problem }];
      }
    });
    const failures = (await Promise.all(results)).flat();
    if (failures.length > 0) throw new KeysNotReadyError(failures);
  }

  async close(): Promise<void> {
    await Promise.all(this.#issuers.map((issuer) => issuer.keys.close()));
  }

  /** Judges, and where somebody watches, tells how it went. */
  #judge(token: string): Verdict | Promise<Verdict> {
    if (this.#observer === undefined) return judge(this.#setup, token);
    const startedMs = performance.now();
    const notes: Notes = {};
    const report = (verdict: Verdict): Verdict => {
      const { issuer, algorithm, signatureStarted = Number.NaN, signatureEnded = Number.NaN } = notes;
      const signatureMs = signatureEnded - signatureStarted;
      this.#tell({
        type: "validation_finished",
        issuer: issuer?.name ?? "_untrusted",
        reason: verdict.ok ? "ok" : verdict.reason,
        fault: verdict.ok ? "none" : verdict.fault,
        algorithm: algorithm?.name,
        durationMs: performance.now() - startedMs,
        signatureMs: Number.isNaN(signatureMs) ? undefined : signatureMs,
      });
      return verdict;
    };
    try {
      const verdict = judge(this.#setup, token, notes);
      return verdict instanceof Promise ? verdict.then(report, () => report(DEFECT)) : report(verdict);
    } catch {
      return report(DEFECT);
    }
  }

  #tell(event: EngineEvent): void {
    try {
      this.#observer?.(event);
    } catch {
      // Whoever watches must not change what is decided.
    }
  }
}

/** A defect refuses: it is told as ours, and never as the token's. */
const DEFECT: Verdict = createRejected(new Refusal("internal_error"));

const KEYS_NOT_THERE: Verdict = createRejected(
  new Refusal("keys_unavailable", { found: "keys that have to be fetched first", retryAfterSeconds: 1 }),
);
