import {
  type CanaryAnswer,
  type ValidationCounts,
  type Verifier,
  type VerifierKey,
  type VerifierKeys,
  VerifierUnavailableError,
} from "@countersign/signing-keys";

/** A verifier that says what it is told to say. */
export class ScriptedVerifier implements Verifier {
  readonly name: string;
  isGone = false;
  held: VerifierKeys = {
    instance: "scripted",
    clockAheadMs: 0,
    clockUncertaintyMs: 1,
    judging: 2,
    answered: 2,
    upToDate: 2,
    sourceSkewSeconds: 0,
    keys: [],
  };
  reasons: readonly string[] = ["ok", "ok"];
  counts: ValidationCounts = { accepted: 0, keyFailures: 0 };
  readonly canaries: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  hold(...keys: readonly (Partial<VerifierKey> & { readonly keyId: string })[]): void {
    const all = keys.map((key) => ({ state: "current" as const, lastUsedAtMs: null, ...key }));
    this.held = { ...this.held, keys: all };
  }

  readKeys(): Promise<VerifierKeys> {
    return this.#answer(this.held);
  }

  judgeCanary(token: string): Promise<CanaryAnswer> {
    this.canaries.push(token);
    return this.#answer({ judging: this.held.judging, reasons: this.reasons });
  }

  countValidations(): Promise<ValidationCounts> {
    return this.#answer(this.counts);
  }

  async #answer<T>(value: T): Promise<T> {
    if (this.isGone) throw new VerifierUnavailableError("it does not answer: gone");
    return value;
  }
}
