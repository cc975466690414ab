import { ALGORITHMS, type AlgorithmName } from "../../src/algorithms.ts";
import type { BindingRules, DpopRules } from "../../src/binding/binding-rules.ts";
import { type BindingCheck, createBindingCheck } from "../../src/binding/create-binding-check.ts";
import type { Presentation } from "../../src/binding/presentation.ts";
import { useOnce } from "../../src/binding/use-once.ts";
import type { ReplayStore } from "../../src/ports.ts";
import { Refusal } from "../../src/refusal.ts";
import { createDpopClient, type DpopClient } from "../../src/testing/dpop-client.ts";
import { createTestClock, type TestClock } from "../../src/testing/test-clock.ts";

export const URL_OF_REQUEST = "https://api.test/orders";

/** Any text serves: the signature of the access token is checked before its binding. */
export const TOKEN = "header.payload.signature";

export const DPOP: DpopRules = {
  algorithms: allow("ES256", "PS256", "Ed25519", "EdDSA"),
  maxAgeSeconds: 60,
  clockToleranceSeconds: 10,
  nonce: undefined,
};

export const RULES: BindingRules = { dpop: DPOP, mtls: true, acceptsUnbound: true };

export function allow(...names: readonly AlgorithmName[]): DpopRules["algorithms"] {
  return names.map((name) => ALGORITHMS[name]);
}

/** Lets one proof pass again and again, for tests of everything else. */
const FORGETFUL: ReplayStore = { use: async () => "first" };

/** "ok", or the reason of the refusal. */
export function nameOutcome(outcome: unknown): string {
  if (outcome === undefined) return "ok";
  if (outcome instanceof Refusal) return outcome.reason;
  throw new TypeError("expected a refusal or nothing");
}

export interface Scene {
  readonly clock: TestClock;
  readonly client: DpopClient;
  readonly binding: BindingCheck;
  /** Presents a token that is bound to the client's key, by default under DPoP for GET `URL_OF_REQUEST`. */
  present(presentation: Partial<Presentation>, claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** A good proof for that request. */
  prove(): Promise<string>;
}

export interface SceneOptions {
  readonly rules?: Partial<BindingRules>;
  readonly dpop?: Partial<DpopRules>;
  readonly replay?: ReplayStore;
  readonly algorithm?: AlgorithmName;
  readonly modulusBits?: number;
}

export async function setScene(options: SceneOptions = {}): Promise<Scene> {
  const { algorithm = "ES256", modulusBits, replay = FORGETFUL } = options;
  const clock = createTestClock(1_700_000_000_000);
  const client = await createDpopClient({
    algorithm,
    clock,
    ...(modulusBits !== undefined && { modulusBits }),
  });
  const rules = { ...RULES, dpop: { ...DPOP, ...options.dpop }, ...options.rules };
  const binding = createBindingCheck({ rules, clock });
  return {
    clock,
    client,
    binding,
    prove: () => client.prove({ token: TOKEN, method: "GET", url: URL_OF_REQUEST }),
    async present(presentation, claims = { cnf: { jkt: client.jkt } }) {
      const request = { scheme: "DPoP", method: "GET", url: URL_OF_REQUEST, ...presentation } as const;
      const outcome = await binding.prove({ text: TOKEN, claims }, request);
      const isProven = outcome !== undefined && !(outcome instanceof Refusal);
      return nameOutcome(isProven ? await useOnce(replay, outcome) : outcome);
    },
  };
}
