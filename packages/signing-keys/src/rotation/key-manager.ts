/** Carries out steps: applies them to the ledger in the store, one writer at a time, and asks the back end for keys. */

import { randomBytes } from "node:crypto";
import type { Gate } from "../gates/gate.ts";
import { isClosed } from "../gates/gate.ts";
import type { KeyLedger, KeyRecord, TransitionRecord } from "../lifecycle/key-ledger.ts";
import { findKey, MAX_PENDING } from "../lifecycle/key-ledger.ts";
import type { KeyStore } from "../lifecycle/key-store.ts";
import { KeyStoreUnavailableError } from "../lifecycle/key-store.ts";
import { readLedger, writeLedger } from "../lifecycle/read-ledger.ts";
import {
  changeSettings,
  createLedger,
  type LedgerOptions,
  type SettingsChange,
} from "../lifecycle/settings.ts";
import type { StepContext } from "../lifecycle/step-guards.ts";
import { TransitionRefusedError } from "../lifecycle/transition-refused.ts";
import { addKey, checkDestroyable, markDestroyed } from "../lifecycle/transitions.ts";
import type { RotationTiming } from "../planner/timing.ts";
import type { GeneratedKey, KeyBackend } from "../signer.ts";
import { SigningError } from "../signing-error.ts";
import { type GatedStepResult, GateHoldsError } from "./gate-holds-error.ts";

export interface KeyManagerOptions {
  readonly store: KeyStore;
  /** Those whose keys stand in the ledger, and the one that makes new ones. */
  readonly backends: readonly KeyBackend[];
  /** Who acts, for the record: 1 to 200 characters. */
  readonly actor: string;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
  /** What was seen in operation; lengthens bounds. */
  readonly measured?: Partial<RotationTiming>;
  /** Told of each change after it is durable. The ledger's history has them too, should this process die before. */
  readonly onTransition?: (record: TransitionRecord, ledger: KeyLedger) => void;
}

export interface StepOptions {
  readonly reason?: string | undefined;
  readonly isEmergency?: boolean | undefined;
  /** Computes and changes nothing. Default false. */
  readonly isDryRun?: boolean | undefined;
}

export interface StepResult {
  readonly ledger: KeyLedger;
  /** What this call changed, oldest first; empty where it had been done before. */
  readonly records: readonly TransitionRecord[];
}

export type LedgerStep = (ledger: KeyLedger, context: StepContext) => KeyLedger;

const MOST_CONFLICTS = 32;

export class KeyManager {
  readonly #options: KeyManagerOptions;

  /** @throws RangeError where the actor is no name. */
  constructor(options: KeyManagerOptions) {
    if (!/^[^\p{Cc}]{1,200}$/u.test(options.actor)) {
      throw new RangeError("actor: expected 1 to 200 characters without control characters");
    }
    this.#options = options;
  }

  get nowMs(): number {
    return Math.floor((this.#options.clock ?? Date.now)());
  }

  get measured(): Partial<RotationTiming> | undefined {
    return this.#options.measured;
  }

  /** @throws TransitionRefusedError (`not_started`), KeyStoreUnavailableError, LedgerUnreadableError */
  async read(): Promise<KeyLedger> {
    const ledger = await this.find();
    if (ledger !== undefined) return ledger;
    const { name } = this.#options.store;
    throw new TransitionRefusedError(
      "not_started",
      `${name} holds no keys yet; \`keys init\` makes the first`,
    );
  }

  async find(): Promise<KeyLedger | undefined> {
    const stored = await this.#options.store.read();
    if (stored === undefined) return undefined;
    const ledger = readLedger(stored.text);
    if (ledger.version === stored.version) return ledger;
    throw new KeyStoreUnavailableError("the store gives a ledger of another version than it says");
  }

  /** Writes the first ledger, without keys. Harmless where one is there for the same issuer. */
  async start(options: LedgerOptions): Promise<KeyLedger> {
    const ledger = createLedger(options);
    const isFirst = await this.#options.store.replace({ version: 1, text: writeLedger(ledger) });
    const found = isFirst ? ledger : await this.read();
    if (found.issuer === options.issuer) return found;
    throw new TransitionRefusedError("already_started", "the store holds the keys of another issuer");
  }

  async configure(change: SettingsChange, options: StepOptions = {}): Promise<StepResult> {
    return this.apply((ledger, { nowMs }) => changeSettings(ledger, change, nowMs), options);
  }

  /**
   * Applies a step, again and again while others write too. Where gates are given all of them must be open for the
   * very ledger that the step is applied to.
   *
   * @throws TransitionRefusedError, GateHoldsError, KeyStoreUnavailableError
   */
  async apply(
    step: LedgerStep,
    options: StepOptions & { readonly gated?: GatedStep } = {},
  ): Promise<GatedStepResult> {
    const { gated, isDryRun = false, ...rest } = options;
    for (let attempt = 0; attempt < MOST_CONFLICTS; attempt += 1) {
      const ledger = await this.read();
      const context = { ...rest, nowMs: this.nowMs, actor: this.#options.actor, measured: this.measured };
      const changed = step(ledger, context);
      if (changed === ledger) return { ledger, records: [], gates: [] };
      const gates = await this.#askGates(ledger, gated);
      const known = ledger.history.at(-1)?.sequence ?? 0;
      const records = changed.history.filter(({ sequence }) => sequence > known);
      if (isDryRun) return { ledger: changed, records, gates };
      if (await this.#options.store.replace({ version: changed.version, text: writeLedger(changed) })) {
        for (const record of records) this.#options.onTransition?.(record, changed);
        return { ledger: changed, records, gates };
      }
    }
    throw new KeyStoreUnavailableError("others change the keys all the time; try again");
  }

  /** Makes a key and writes it down as generated. The label is written down before, so that no key is ever lost track of. */
  async generate(options: StepOptions = {}): Promise<StepResult & { readonly keyId: string }> {
    const label = await this.#reserveLabel();
    const { algorithm, backend: backendName } = await this.read();
    const backend = this.findBackend(backendName);
    let made: GeneratedKey;
    try {
      made = await backend.generate({ label, algorithm });
    } catch (error) {
      // No key was made: there is nothing to look for. Otherwise one may be there.
      if (error instanceof SigningError && error.kind !== "unavailable") await this.#forgetLabel(label);
      throw error;
    }
    const { reference, publicJwk } = made;
    // Signs something and checks it, before anybody hears of the key.
    await backend.open(reference);
    const key: KeyRecord = {
      keyId: publicJwk.kid,
      label,
      algorithm,
      state: "generated",
      reference,
      publicJwk,
      generatedAtMs: this.nowMs,
    };
    const added = await this.apply((ledger, context) => addKey(ledger, key, context), options);
    return { ...added, keyId: key.keyId };
  }

  /** Has the back end destroy the private half, then writes that down. May be cut short and done again. */
  async destroy(keyId: string, options: StepOptions = {}): Promise<StepResult> {
    const ledger = await this.read();
    const key = findKey(ledger, keyId);
    if (key === undefined) throw new TransitionRefusedError("unknown_key", "there is no key of this kid");
    if (key.destroyedAtMs === undefined) {
      checkDestroyable(key, { ...options, nowMs: this.nowMs, actor: this.#options.actor });
      if (options.isDryRun !== true) await this.findBackend(key.reference.backend).destroy(key.reference);
    }
    return this.apply((current, context) => markDestroyed(current, { ...context, keyId }), options);
  }

  /** @throws SigningError (`misconfigured`) where it was not given. */
  findBackend(name: string): KeyBackend {
    const backend = this.#options.backends.find((each) => each.name === name);
    if (backend !== undefined) return backend;
    const known = this.#options.backends.map((each) => each.name).join(", ");
    throw new SigningError(`a key is held by the back end "${name}", and only ${known} is set up`, {
      kind: "misconfigured",
      backend: name,
    });
  }

  async #askGates(ledger: KeyLedger, gated: GatedStep | undefined): Promise<GatedStepResult["gates"]> {
    if (gated === undefined) return [];
    const { step, keyId, gates } = gated;
    const key = findKey(ledger, keyId(ledger));
    if (key === undefined) return [];
    // Signs something and checks it: a key that cannot sign must not be the one that has to.
    if (step === "promote") await this.findBackend(key.reference.backend).open(key.reference);
    const answers = await Promise.all(
      gates.map((gate) => gate.check({ step, ledger, key, nowMs: this.nowMs })),
    );
    if (answers.some(isClosed)) throw new GateHoldsError({ step, keyId: key.keyId, gates: answers });
    return answers;
  }

  async #reserveLabel(): Promise<string> {
    const { algorithm } = await this.read();
    const day = new Date(this.nowMs).toISOString().slice(0, 10).replaceAll("-", "");
    const label = `${algorithm.toLowerCase()}-${day}-${randomBytes(6).toString("hex")}`;
    await this.apply((ledger, { nowMs }) => ({
      ...ledger,
      version: ledger.version + 1,
      pending: [...ledger.pending, { label, atMs: nowMs }].slice(-MAX_PENDING),
    }));
    return label;
  }

  async #forgetLabel(label: string): Promise<void> {
    await this.apply((ledger) => ({
      ...ledger,
      version: ledger.version + 1,
      pending: ledger.pending.filter((each) => each.label !== label),
    }));
  }
}

/** Which step of which key the gates are asked about. */
export interface GatedStep {
  readonly step: "promote" | "remove";
  /** Of the key in this ledger. */
  readonly keyId: (ledger: KeyLedger) => string;
  readonly gates: readonly Gate[];
}
