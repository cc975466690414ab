import { createHash } from "node:crypto";

import type { Configuration } from "./configuration.ts";

const HASH_CHARACTERS = 16;
// What could be guessed and compared offline is left out.
const SECRET_KEYS = new Set([
  "secrets",
  "secret",
  "key",
  "password",
  "authorization",
  "clientSecret",
  "privateKey",
]);

/**
 * Tells configurations apart: 16 hexadecimal digits of SHA-256 over the configuration with its references
 * resolved. Secrets and private keys do not count, so that nothing about them can be learned from a metric.
 */
export function hashConfiguration(configuration: Configuration): string {
  const { revocation, audit } = configuration;
  // The instance's names say who it is, not how it judges: instances of one configuration have the same hash.
  const shared = {
    ...configuration,
    ...(revocation && { revocation: { ...revocation, instance: undefined } }),
    ...(audit && { audit: { ...audit, instance: undefined } }),
  };
  const text = JSON.stringify(shared, (key, value: unknown) => (SECRET_KEYS.has(key) ? "secret" : value));
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_CHARACTERS);
}
