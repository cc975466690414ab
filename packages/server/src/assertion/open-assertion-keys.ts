/** The keys of assertions with a life of their own: made, published, rotated and taken away by this process. */

import {
  createBackend,
  DEFAULT_TIMING,
  FileKeyStore,
  JwksPublisher,
  type KeyBackend,
  KeyManager,
  type KeyStore,
  MemoryKeyStore,
  readBackendOptions,
  rotateKeys,
  startKeys,
  TokenSigner,
} from "@countersign/signing-keys";

import type { AssertionConfiguration } from "../config/assertion-configuration.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import type { AssertionHost } from "./assertion-keys.ts";
import { createMemoryBackend } from "./memory-backend.ts";
import { createAssertionSigner } from "./sign-assertion.ts";

export interface AssertionKeysHost {
  readonly logger: OperationalLog;
  readonly clock: () => number;
}

export interface OpenedAssertionKeys extends AssertionHost {
  /** Does what is due of a rotation. Never rejects: what fails is told and tried again. */
  rotate(): Promise<void>;
  close(): Promise<void>;
}

/** The longest `lifetimeSeconds`: a removed key has signed nothing that is still good. */
const LONGEST_LIFETIME_SECONDS = 60;
const READ_INTERVAL_MS = 1000;
const ROTATION_INTERVAL_MS = 60_000;

/** Makes the first keys where there are none. Rejects where store or back end cannot be used, or are another issuer's. */
export async function openAssertionKeys(
  { issuer, keys }: Pick<AssertionConfiguration, "issuer" | "keys">,
  { logger, clock }: AssertionKeysHost,
): Promise<OpenedAssertionKeys> {
  const { algorithm } = keys;
  const { store, backend } = await openPlaces(keys);
  const onFailure = (error: unknown): void =>
    logger.warn({ err: error }, "the keys of assertions cannot be read; what is known goes on for a while");
  const manager = new KeyManager({
    store,
    backends: [backend],
    actor: "sidecar",
    clock,
    onTransition: ({ action, keyId, from, to }) =>
      logger.info({ action, keyId, from, to }, "a key of assertions has a new state"),
  });
  const timing = { ...DEFAULT_TIMING, tokenLifetimeSeconds: LONGEST_LIFETIME_SECONDS };
  const signer = new TokenSigner({
    store,
    backends: [backend],
    intervalMs: READ_INTERVAL_MS,
    clock,
    onFailure,
  });
  const publisher = new JwksPublisher({ store, intervalMs: READ_INTERVAL_MS, clock, onFailure });
  const rotation = new PeriodicTask(() => rotate());
  const close = async (): Promise<void> => {
    await rotation.end();
    await Promise.all([signer.close(), publisher.close()]);
    await Promise.all([backend.close(), store.close()]);
  };
  const rotate = async (): Promise<void> => {
    try {
      await rotateKeys(manager, { minimumAgeSeconds: keys.rotationSeconds });
      await Promise.all([signer.refresh(), publisher.refresh()]);
    } catch (error) {
      logger.error({ err: error }, "the keys of assertions could not be rotated; it is tried again");
    }
  };
  try {
    await startKeys(manager, { issuer, algorithm, backend: backend.name, timing });
    // What the file says of them may have changed since they were made.
    await manager.configure({ algorithm, backend: backend.name, timing });
    await Promise.all([signer.start(), publisher.start()]);
  } catch (error) {
    await close();
    throw error;
  }
  rotation.start();
  return {
    sign: createAssertionSigner(signer, clock),
    async readKeySet() {
      const jwks = publisher.read();
      if (jwks === undefined) throw new Error("the key set was never read");
      return { body: jwks.body, maxAgeSeconds: jwks.maxAgeSeconds };
    },
    rotate,
    close,
  };
}

async function openPlaces(
  keys: AssertionConfiguration["keys"],
): Promise<{ readonly store: KeyStore; readonly backend: KeyBackend }> {
  if (keys.store === "memory") return { store: new MemoryKeyStore(), backend: createMemoryBackend() };
  const backend = await createBackend(readBackendOptions(keys.backend));
  return { store: new FileKeyStore(keys.store.directory), backend };
}

/** One after the other, never two at once. */
class PeriodicTask {
  readonly #run: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(run: () => Promise<void>) {
    this.#run = run;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#running = this.#running.then(this.#run);
    }, ROTATION_INTERVAL_MS);
    this.#timer.unref();
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }
}
