import { platform } from "#platform";
import { createBindingCheck } from "../binding/create-binding-check.ts";
import { createTrustedIssuer } from "../issuers/trusted-issuer.ts";
import { OPEN_KEYS } from "../keys/key-sharing.ts";
import type { KeySource } from "../keys/key-source.ts";
import { createRemoteKeySet } from "../keys/remote-key-set.ts";
import { createStaticKeySource } from "../keys/static-key-source.ts";
import type { EngineEvent, Observer, ReplayStore } from "../ports.ts";
import { Refusal } from "../refusal.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";
import { MemoryReplayStore } from "../status/memory-replay-store.ts";
import { type CheckedIssuer, type CheckedOptions, checkOptions } from "./check-options.ts";
import { createRejected } from "./create-rejected.ts";
import { EncryptedTokens } from "./encrypted-tokens.ts";
import { explainToken } from "./explain.ts";
import { HeaderMemory } from "./header-memory.ts";
import { judge } from "./judge.ts";
import type { JudgeCall, JudgeSetup, Notes, ValidationContext } from "./judge-setup.ts";
import { judgeStated, type StatedToken } from "./judge-stated.ts";
import type { JudgedIssuer } from "./judged-issuer.ts";
import type { ValidatorOptions } from "./options.ts";
import { SignatureMemory } from "./signature-memory.ts";
import type { Validator } from "./validator.ts";
import { type Explanation, TokenRejected, type Verdict } from "./verdict.ts";

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
  readonly #issuers: readonly JudgedIssuer[];
  readonly #setup: JudgeSetup;
  readonly #observer: Observer | undefined;

  constructor(options: CheckedOptions) {
    const { optOuts, maxTokenBytes, clock, observer, signatureCache, revocations, statusLists } = options;
    const { permissions } = options;
    const replay = options.replay ?? new MemoryReplayStore({ clock });
    this.#observer = observer;
    this.#issuers = options.issuers.map((checked): JudgedIssuer => {
      const { rules, binding, encryption } = checked;
      return {
        ...createTrustedIssuer(rules, this.#openKeys(checked, options)),
        ...(permissions && {
          mapping: permissions.extendMapping(rules.mapping, {
            name: rules.name,
            audienceOrClient: rules.profile.audienceOrClient,
          }),
        }),
        binding: binding && createBindingCheck({ rules: binding, clock }),
        encryption,
        clockToleranceSeconds: rules.clockToleranceSeconds,
      };
    });
    const encrypted = options.issuers.flatMap(({ encryption }) => encryption ?? []);
    this.#setup = {
      issuers: new Map(this.#issuers.map((issuer) => [issuer.issuer, issuer])),
      maxTokenBytes,
      clock,
      headers: new HeaderMemory(),
      signatures: signatureCache && new SignatureMemory(signatureCache),
      revocations,
      statusLists,
      replay,
      encrypted: encrypted.length === 0 ? undefined : new EncryptedTokens(encrypted, signatureCache),
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

  async validate(token: string, context?: ValidationContext): Promise<Verdict> {
    return await this.judge(token, context);
  }

  judge(token: string, context?: ValidationContext): Verdict | Promise<Verdict> {
    try {
      const verdict = this.#judge(token, context, true);
      return verdict instanceof Promise ? verdict.catch(() => DEFECT) : verdict;
    } catch {
      return DEFECT;
    }
  }

  judgeStated(stated: StatedToken, context?: ValidationContext): Verdict | Promise<Verdict> {
    try {
      const call = context === undefined ? MAY_WAIT : { ...MAY_WAIT, context };
      const verdict = judgeStated(this.#setup, stated, call);
      return verdict instanceof Promise ? verdict.catch(() => DEFECT) : verdict;
    } catch {
      return DEFECT;
    }
  }

  validateSync(token: string): Verdict {
    if (!platform.synchronous) {
      throw new TypeError("validateSync needs synchronous crypto, which this runtime lacks; use validate");
    }
    try {
      const verdict = this.#judge(token, undefined, false);
      if (!(verdict instanceof Promise)) return verdict;
      // The fetch goes on, so that a later call finds the keys.
      verdict.catch(() => undefined);
      return KEYS_NOT_THERE;
    } catch {
      return DEFECT;
    }
  }

  async verify(token: string, context?: ValidationContext): Promise<VerifiedToken> {
    const verdict = await this.judge(token, context);
    if (verdict.ok) return verdict.token;
    throw new TokenRejected(verdict);
  }

  async explain(token: string, context?: ValidationContext): Promise<Explanation> {
    const verdict = await this.#rehearse(token, context);
    try {
      return await explainToken(this.#setup, token, { verdict, context });
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

  /** Judges but uses nothing up, neither the token nor its proof, so that both may still be used. */
  async #rehearse(token: string, context: ValidationContext | undefined): Promise<Verdict> {
    try {
      const rehearsed = context && { ...context, replay: FORGETFUL };
      return await judge({ ...this.#setup, replay: FORGETFUL }, token, { ...MAY_WAIT, context: rehearsed });
    } catch {
      return DEFECT;
    }
  }

  /** Judges, and where somebody watches, tells how it went. */
  #judge(
    token: string,
    context: ValidationContext | undefined,
    mayWait: boolean,
  ): Verdict | Promise<Verdict> {
    if (this.#observer === undefined) {
      const bare = mayWait ? MAY_WAIT : AT_ONCE;
      return judge(this.#setup, token, context === undefined ? bare : { ...bare, context });
    }
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
        keyId: verdict.ok ? verdict.token.keyId : undefined,
        remembered: notes.wasRemembered === true,
        durationMs: performance.now() - startedMs,
        signatureMs: Number.isNaN(signatureMs) ? undefined : signatureMs,
        ...(notes.expiredAt !== undefined && this.#measureExpiry(notes.expiredAt)),
      });
      return verdict;
    };
    try {
      const verdict = judge(this.#setup, token, { context, mayWait, notes });
      return verdict instanceof Promise ? verdict.then(report, () => report(DEFECT)) : report(verdict);
    } catch {
      return report(DEFECT);
    }
  }

  #measureExpiry(expiredAt: number): { readonly expiredSeconds: number } {
    return { expiredSeconds: this.#setup.clock() / 1000 - expiredAt };
  }

  #tell(event: EngineEvent): void {
    try {
      this.#observer?.(event);
    } catch {
      // Whoever watches must not change what is decided.
    }
  }
}

const AT_ONCE: JudgeCall = { context: undefined, mayWait: false, notes: undefined };
const MAY_WAIT: JudgeCall = { ...AT_ONCE, mayWait: true };

/** Every use is the first. */
const FORGETFUL: ReplayStore = { use: async () => "first" };

/** A defect refuses: it is told as ours, and never as the token's. */
const DEFECT: Verdict = createRejected(new Refusal("internal_error"));

const KEYS_NOT_THERE: Verdict = createRejected(
  new Refusal("keys_unavailable", {
    found: "keys to be fetched, or a token to be opened, first",
    retryAfterSeconds: 1,
  }),
);
