/** A sidecar as a verifier: asked by its API and its metrics. */

import { type AdminAddress, type AdminQuestion, type AdminReply, askAdmin } from "./admin-client.ts";
import {
  type CanaryAnswer,
  type ValidationCounts,
  type Verifier,
  type VerifierKey,
  type VerifierKeys,
  VerifierUnavailableError,
} from "./verifier.ts";

export interface SidecarVerifierOptions extends AdminAddress {
  /** For people, and for reports. */
  readonly name: string;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
}

const STATES = ["current", "held", "revoked", "suspended", "gone"] as const;
const KEY_FAILURES = ["key_unknown", "key_unsuitable", "signature_invalid", "keys_unavailable", "keys_stale"];
const SERIES = /^countersign_validations_total\{([^}]*)\} (\d+(?:\.\d+)?(?:e\+?\d+)?)$/gm;

export class SidecarVerifier implements Verifier {
  readonly name: string;
  readonly #options: SidecarVerifierOptions;

  constructor(options: SidecarVerifierOptions) {
    this.name = options.name;
    this.#options = options;
  }

  async readKeys(issuer: string): Promise<VerifierKeys> {
    const clock = this.#options.clock ?? Date.now;
    const askedMs = clock();
    const json = await this.#ask({
      method: "GET",
      path: `/api/v1/keys?issuer=${encodeURIComponent(issuer)}`,
    });
    const waitedMs = Math.max(0, clock() - askedMs);
    const processes = readObject(json["processes"]);
    const found = readList(json["issuers"]).map(readObject)[0];
    if (found === undefined) throw new VerifierUnavailableError("it does not trust the issuer");
    const skew = found["clockSkewSeconds"];
    return {
      instance: readText(json["instance"]),
      clockAheadMs: readNumber(json["clockMs"]) - (askedMs + waitedMs / 2),
      clockUncertaintyMs: waitedMs / 2,
      judging: readNumber(processes["judging"]),
      answered: readNumber(processes["answered"]),
      upToDate: readNumber(found["processesUpToDate"]),
      sourceSkewSeconds: typeof skew === "number" ? skew : null,
      keys: readList(found["keys"]).map(readKey),
    };
  }

  async judgeCanary(token: string): Promise<CanaryAnswer> {
    const json = await this.#ask({ method: "POST", path: "/api/v1/verify-canary", body: { token } });
    const reasons = readList(json["verdicts"]).map((each) => readText(readObject(each)["reason"]));
    return { judging: readNumber(readObject(json["processes"])["judging"]), reasons };
  }

  async countValidations(issuer: string): Promise<ValidationCounts> {
    const json = await this.#ask({
      method: "GET",
      path: `/api/v1/keys?issuer=${encodeURIComponent(issuer)}`,
    });
    const alias = readText(readObject(readList(json["issuers"])[0])["name"]);
    const { status, text } = await this.#send({ method: "GET", path: "/metrics" });
    requireGood(status);
    const counts = { accepted: 0, keyFailures: 0 };
    for (const [, labels = "", value = "0"] of text.matchAll(SERIES)) {
      if (!labels.includes(`issuer=${JSON.stringify(alias)}`)) continue;
      const reason = /reason="([^"]*)"/.exec(labels)?.[1] ?? "";
      if (reason === "ok") counts.accepted += Number(value);
      if (KEY_FAILURES.includes(reason)) counts.keyFailures += Number(value);
    }
    return counts;
  }

  async #ask(question: AdminQuestion): Promise<Readonly<Record<string, unknown>>> {
    const { status, text } = await this.#send(question);
    requireGood(status);
    try {
      return readObject(JSON.parse(text));
    } catch {
      throw strange();
    }
  }

  #send(question: AdminQuestion): Promise<AdminReply> {
    return askAdmin(this.#options, question);
  }
}

function requireGood(status: number): void {
  if (status >= 200 && status < 300) return;
  const hint = status === 401 ? ": see `apiTokenFile`" : status === 404 ? ": is `api` configured there?" : "";
  throw new VerifierUnavailableError(`its API answered ${status}${hint}`);
}

function readKey(value: unknown): VerifierKey {
  const { keyId, state, lastUsedAtMs } = readObject(value);
  const known = STATES.find((each) => each === state);
  if (known === undefined) throw strange();
  return {
    keyId: keyId === null ? null : readText(keyId),
    state: known,
    lastUsedAtMs: lastUsedAtMs === null ? null : readNumber(lastUsedAtMs),
  };
}

function readObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw strange();
}

function readList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  throw strange();
}

function readText(value: unknown): string {
  if (typeof value === "string") return value;
  throw strange();
}

function readNumber(value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw strange();
}

function strange(): VerifierUnavailableError {
  return new VerifierUnavailableError("its answer is not in the form of this version");
}
