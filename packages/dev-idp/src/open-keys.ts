/** The keys that a provider starts with: its own, or those of a ledger. */

import { ConfigurationError } from "countersign";
import { KeyRing, type SigningKeys } from "./key-ring.ts";
import type { DevIdpSettings } from "./options.ts";

export interface OpenKeys {
  readonly ring: SigningKeys;
  /** The same where they are the provider's own, and it can rotate them. */
  readonly own: KeyRing | undefined;
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/** @throws Error where the ledger is of no use, ConfigurationError where tokens would outlive what it counts on. */
export async function openKeys(
  settings: DevIdpSettings,
  of: { readonly issuer: string; readonly onChange: () => void },
): Promise<OpenKeys> {
  if (settings.keys === undefined) {
    const own = await KeyRing.create(settings.algorithm);
    return { ring: own, own, refresh: async () => {}, close: async () => {} };
  }
  // Most providers do without, and start sooner.
  const { LedgerKeys } = await import("./ledger-keys.ts");
  const ring = new LedgerKeys(settings.keys, { ...of, log: settings.log });
  await ring.start();
  const longest = Math.max(
    settings.accessTokenTtlSeconds,
    ...settings.exchange.map(({ lifetimeSeconds = 0 }) => lifetimeSeconds),
  );
  if (longest > ring.maxLifetimeSeconds) {
    await ring.close();
    const problem = `expected at most ${ring.maxLifetimeSeconds} (T of the ledger), found ${longest}`;
    const remedy = "Shorten tokens, or lengthen T, so that a key stays published as long as its tokens live";
    throw new ConfigurationError([{ path: "accessTokenTtlSeconds", problem, remedy }]);
  }
  return { ring, own: undefined, refresh: () => ring.refresh(), close: () => ring.close() };
}
