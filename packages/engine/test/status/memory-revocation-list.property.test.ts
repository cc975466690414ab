import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { RevocableToken } from "../../src/ports.ts";
import { MemoryRevocationList } from "../../src/status/memory-revocation-list.ts";
import type { RevocationStatus, RevocationTarget } from "../../src/status/revocation.ts";
import { NOW_SECONDS, statuses, targets, tokens } from "./revocation-cases.ts";

/** The same by a Map and a walk through all of it. */
interface Entry {
  readonly target: RevocationTarget;
  readonly status: RevocationStatus;
  cutOff: number;
  expiresSeconds: number;
}

type Model = Map<string, Entry>;

interface Real {
  readonly list: MemoryRevocationList;
  readonly clock: { seconds: number };
}

function nameOf({ kind, issuer, value }: RevocationTarget, status: RevocationStatus): string {
  return JSON.stringify([kind, issuer, value, status]);
}

const CLAIMS = { token: ["jti"], subject: ["sub"], session: ["sid"], client: ["client_id", "azp", "cid"] };

function concerns({ target, cutOff }: Entry, { claims, keyId }: RevocableToken): boolean {
  if (target.issuer !== claims["iss"]) return false;
  const iat = claims["iat"];
  const isBefore = typeof iat !== "number" || Math.floor(iat) <= cutOff;
  if (target.kind === "issuer") return isBefore;
  if (target.kind === "key") return keyId === target.value;
  return CLAIMS[target.kind].some((claim) => claims[claim] === target.value) && isBefore;
}

function findInModel(model: Model, token: RevocableToken, seconds: number): RevocationStatus | undefined {
  const found = [...model.values()].filter(
    (entry) => entry.expiresSeconds > seconds && concerns(entry, token),
  );
  if (found.some(({ status }) => status === "revoked")) return "revoked";
  return found.length > 0 ? "suspended" : undefined;
}

class Add implements fc.Command<Model, Real> {
  readonly #target: RevocationTarget;
  readonly #status: RevocationStatus;
  readonly #lifeSeconds: number;

  constructor(target: RevocationTarget, status: RevocationStatus, lifeSeconds: number) {
    this.#target = target;
    this.#status = status;
    this.#lifeSeconds = lifeSeconds;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, { list, clock }: Real): void {
    const expiresSeconds = clock.seconds + this.#lifeSeconds;
    list.add({ target: this.#target, status: this.#status, expiresAtMs: expiresSeconds * 1000 });
    const name = nameOf(this.#target, this.#status);
    const old = model.get(name);
    model.set(name, {
      target: this.#target,
      status: this.#status,
      cutOff: Math.max(this.#target.issuedBeforeSeconds ?? Number.POSITIVE_INFINITY, old?.cutOff ?? 0),
      expiresSeconds: Math.max(expiresSeconds, old?.expiresSeconds ?? 0),
    });
  }

  toString(): string {
    return `add ${nameOf(this.#target, this.#status)} before ${this.#target.issuedBeforeSeconds} for ${this.#lifeSeconds} s`;
  }
}

class Lift implements fc.Command<Model, Real> {
  readonly #target: RevocationTarget;
  readonly #status: RevocationStatus;
  readonly #remainingSeconds: number | undefined;

  constructor(target: RevocationTarget, status: RevocationStatus, remainingSeconds: number | undefined) {
    this.#target = target;
    this.#status = status;
    this.#remainingSeconds = remainingSeconds;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, { list, clock }: Real): void {
    const name = nameOf(this.#target, this.#status);
    const { issuedBeforeSeconds } = this.#target;
    const expiresSeconds = clock.seconds + (this.#remainingSeconds ?? 0);
    list.lift({
      target: this.#target,
      status: this.#status,
      remaining:
        this.#remainingSeconds === undefined
          ? undefined
          : {
              expiresAtMs: expiresSeconds * 1000,
              ...(issuedBeforeSeconds === undefined ? {} : { issuedBeforeSeconds }),
            },
    });
    model.delete(name);
    if (this.#remainingSeconds === undefined) return;
    const cutOff = issuedBeforeSeconds ?? Number.POSITIVE_INFINITY;
    model.set(name, { target: this.#target, status: this.#status, cutOff, expiresSeconds });
  }

  toString(): string {
    return `lift ${nameOf(this.#target, this.#status)}, leaving ${this.#remainingSeconds} s`;
  }
}

class Pass implements fc.Command<Model, Real> {
  readonly #seconds: number;
  readonly #share: number;

  constructor(seconds: number, share: number) {
    this.#seconds = seconds;
    this.#share = share;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, { list, clock }: Real): void {
    clock.seconds += this.#seconds;
    list.clearOut(this.#share);
    for (const [name, { expiresSeconds }] of model) if (expiresSeconds <= clock.seconds) model.delete(name);
  }

  toString(): string {
    return `pass ${this.#seconds} s, clearing out ${this.#share}`;
  }
}

class Ask implements fc.Command<Model, Real> {
  readonly #token: RevocableToken;

  constructor(token: RevocableToken) {
    this.#token = token;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, { list, clock }: Real): void {
    assert.equal(list.find(this.#token), findInModel(model, this.#token, clock.seconds));
  }

  toString(): string {
    return `ask ${JSON.stringify(this.#token)}`;
  }
}

test("the list answers as a Map would, whatever is added, lifted, expired and cleared out in between", () => {
  const lives = fc.integer({ min: 1, max: 50 });
  const commands = [
    fc.tuple(targets, statuses, lives).map((given) => new Add(...given)),
    fc.tuple(targets, statuses, fc.option(lives, { nil: undefined })).map((given) => new Lift(...given)),
    fc.tuple(fc.integer({ min: 0, max: 20 }), fc.constantFrom(0, 0.3, 1)).map((given) => new Pass(...given)),
    tokens.map((token) => new Ask(token)),
    tokens.map((token) => new Ask(token)),
  ];
  fc.assert(
    fc.property(fc.commands(commands, { maxCommands: 60, size: "max" }), (run) => {
      fc.modelRun(() => {
        const clock = { seconds: NOW_SECONDS };
        return {
          model: new Map(),
          real: { clock, list: new MemoryRevocationList({ clock: () => clock.seconds * 1000 }) },
        };
      }, run);
    }),
    { numRuns: 400 },
  );
});
