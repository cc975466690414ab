import type { HeaderReading } from "./header-reading.ts";

const METHOD = /^[A-Za-z][A-Za-z0-9-]{0,31}$/;

/**
 * The method that a CORS preflight asks about (Fetch standard, section 3.2.2); undefined where the request is none.
 * Browsers send no credentials with it, so whatever carries some is no preflight.
 */
export function readPreflight(method: string, reading: HeaderReading): string | undefined {
  if (method !== "OPTIONS") return undefined;
  const asked = reading.first("access-control-request-method");
  const isPreflight =
    reading.first("origin") !== undefined &&
    !reading.isRepeated("origin") &&
    !reading.isRepeated("access-control-request-method") &&
    reading.first("authorization") === undefined;
  return isPreflight && asked !== undefined && METHOD.test(asked) ? asked : undefined;
}
