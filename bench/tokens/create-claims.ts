/** What the benchmark's tokens say: few claims, sixteen, or sixteen and the many groups of a large company. */

import { AUDIENCE, ISSUER } from "./key-material.ts";

/** About so many bytes a token, beside the signature of ES256. RSA's adds 256. */
export type TokenSize = 300 | 800 | 4000;

const LIFETIME_SECONDS = 7200;
/** Of one group in a token: quotes, comma and a UUID in base64. */
const GROUPS = 62;

export function createClaims(serial: number, size: TokenSize = 800): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  const few = {
    iss: ISSUER,
    aud: [AUDIENCE],
    sub: `user-${serial}`,
    exp: now + LIFETIME_SECONDS,
    iat: now - 10,
  };
  if (size === 300) return few;
  const sixteen = {
    ...few,
    nbf: now - 10,
    jti: createUuid(serial),
    client_id: "orders-frontend",
    scope: "orders:read orders:write profile email",
    azp: "orders-frontend",
    roles: ["buyer", "auditor"],
    tenant: "acme",
    sid: "c3b2a190-6f1d-4d0b-9f7f-2f5f1c1f9a11",
    email_verified: true,
    acr: "urn:example:mfa",
    locale: "en",
  };
  if (size === 800) return sixteen;
  return { ...sixteen, groups: Array.from({ length: GROUPS }, (_, index) => createUuid(index)) };
}

function createUuid(serial: number): string {
  return `0f8fad5b-d9cb-469f-a165-${String(serial).padStart(12, "0")}`;
}
