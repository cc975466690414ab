/** Revocations and tokens for the tests of status. */

import fc from "fast-check";
import type {
  Revocation,
  RevocationKind,
  RevocationStatus,
  RevocationTarget,
} from "../../src/status/revocation.ts";

export const NOW_SECONDS = 1_800_000_000;
export const ISSUER = "https://idp.example.com/";

export interface TokenIdentity {
  readonly iss?: string;
  readonly jti?: string;
  readonly sub?: string;
  readonly sid?: string;
  readonly client_id?: string;
  readonly azp?: string;
  readonly cid?: string;
  readonly iat?: number;
}

/** A verified token as a list sees it. */
export function tokenOf(
  claims: TokenIdentity,
  keyId?: string,
): {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly keyId: string | undefined;
} {
  return { claims: { iss: ISSUER, iat: NOW_SECONDS, ...claims }, keyId };
}

export function targetOf(
  kind: RevocationKind,
  value?: string,
  issuedBeforeSeconds?: number,
): RevocationTarget {
  return {
    kind,
    issuer: ISSUER,
    ...(value === undefined ? {} : { value }),
    ...(issuedBeforeSeconds === undefined ? {} : { issuedBeforeSeconds }),
  };
}

export function revocationOf(target: RevocationTarget, changes: Partial<Revocation> = {}): Revocation {
  return {
    id: "r1",
    target,
    status: "revoked",
    actor: "operator",
    reason: "stolen",
    createdAtMs: NOW_SECONDS * 1000,
    expiresAtMs: (NOW_SECONDS + 3600) * 1000,
    ...changes,
  };
}

const issuers = fc.constantFrom(ISSUER, "https://other.example.com/");
/** Few, so that they meet; of every width, and such that differ only where a careless hash would not look. */
const values: fc.Arbitrary<string> = fc.constantFrom(
  "a",
  "b",
  "aaaa",
  "aaaaa",
  "A",
  "\u00e9",
  "\u0100",
  "\u0001\u0000",
  "\ud83d\ude00",
  "0193f2a0-4c1e-7a3b-9f00-000000000001",
);
const cutOffs: fc.Arbitrary<number> = fc.constantFrom(-2, -1, 0, 1, 2).map((offset) => NOW_SECONDS + offset);
export const statuses: fc.Arbitrary<RevocationStatus> = fc.constantFrom("revoked", "suspended");

const withCutOff = fc
  .tuple(fc.constantFrom("subject", "session", "client"), issuers, values, cutOffs)
  .map(
    ([kind, issuer, value, issuedBeforeSeconds]) => ({ kind, issuer, value, issuedBeforeSeconds }) as const,
  );
const whole = fc
  .tuple(fc.constantFrom("token", "key"), issuers, values)
  .map(([kind, issuer, value]) => ({ kind, issuer, value }) as const);
const issuerWide = fc
  .tuple(issuers, cutOffs)
  .map(([issuer, issuedBeforeSeconds]) => ({ kind: "issuer", issuer, issuedBeforeSeconds }) as const);

export const targets: fc.Arbitrary<RevocationTarget> = fc.oneof(
  { arbitrary: withCutOff, weight: 4 },
  { arbitrary: whole, weight: 4 },
  { arbitrary: issuerWide, weight: 1 },
);

export const tokens: fc.Arbitrary<ReturnType<typeof tokenOf>> = fc
  .tuple(
    fc.record(
      {
        iss: issuers,
        jti: values,
        sub: values,
        sid: values,
        client_id: values,
        azp: values,
        cid: values,
        iat: fc.constantFrom(-2, -1, 0, 0.9, 1, 2, 3).map((offset) => NOW_SECONDS + offset),
      },
      { requiredKeys: ["iss"] },
    ),
    fc.option(values, { nil: undefined }),
  )
  .map(([claims, keyId]) => ({ claims, keyId }));
