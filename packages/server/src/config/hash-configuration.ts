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
  const text = JSON.stringify(configuration, (key, value: unknown) =>
    SECRET_KEYS.has(key) ? "secret" : value,
  );
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_CHARACTERS);
}
