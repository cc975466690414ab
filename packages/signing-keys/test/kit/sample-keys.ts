import {
  KeyManager,
  type KeyManagerOptions,
  type KeyStore,
  type LedgerOptions,
  MemoryKeyStore,
  type RotationTiming,
} from "@countersign/signing-keys";
import { MemoryBackend } from "./memory-backend.ts";

/** G = 100 s, H = 200 s. */
export const SAMPLE_TIMING: RotationTiming = {
  publishSeconds: 10,
  sharedCacheSeconds: 20,
  clientCacheSeconds: 30,
  staleSeconds: 40,
  switchSeconds: 5,
  tokenLifetimeSeconds: 150,
  leewaySeconds: 35,
  clockErrorSeconds: 5,
};

export const SAMPLE_OPTIONS: LedgerOptions = {
  issuer: "https://idp.example.com/",
  backend: "memory",
  timing: SAMPLE_TIMING,
  retentionSeconds: 1000,
};

export const START_MS: number = Date.UTC(2026, 0, 5, 8);

export interface SampleKeys {
  readonly store: KeyStore;
  readonly backend: MemoryBackend;
  readonly manager: KeyManager;
  /** Another one on the same store, as another process has. */
  open(options?: Partial<KeyManagerOptions>): KeyManager;
  /** Seconds since the start. */
  seconds: number;
}

export function createSample(options: Partial<KeyManagerOptions> = {}): SampleKeys {
  const store = options.store ?? new MemoryKeyStore();
  const backend = new MemoryBackend();
  const sample: { seconds: number } = { seconds: 0 };
  const open = (more: Partial<KeyManagerOptions> = {}): KeyManager => {
    const clock = (): number => START_MS + sample.seconds * 1000;
    return new KeyManager({ store, backends: [backend], actor: "tests", clock, ...options, ...more });
  };
  return Object.assign(sample, { store, backend, manager: open(), open });
}
