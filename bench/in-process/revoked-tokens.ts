/** Revocations in any number, and tokens to ask about. */

import type { MemoryRevocationList } from "countersign";

const REVOKING_ISSUER = "https://idp.example.com/realms/main";
/** As a validator's table of issuers, from which each token's rules come before it is asked about. */
const KNOWN_ISSUERS: ReadonlySet<string> = new Set([REVOKING_ISSUER]);

export interface AskedToken {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly keyId: string;
}

/** As long and as spread out as a UUID, the same for the same number. */
export function nameToken(index: number): string {
  const spread = (Math.imul(index, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
  return `${spread}-4c1e-7a3b-9f00-${index.toString(16).padStart(12, "0")}`;
}

export function revokeToken(list: MemoryRevocationList, index: number, expiresAtMs: number): void {
  const target = { kind: "token", issuer: REVOKING_ISSUER, value: nameToken(index) } as const;
  list.add({ target, status: "revoked", expiresAtMs });
}

/** With strings as a reader gives them, not as they are put together here; only the issuer was looked up before. */
export function makeToken(index: number): AskedToken {
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss: REVOKING_ISSUER,
    sub: "user-1",
    aud: "api",
    exp: iat + 300,
    iat,
    jti: nameToken(index),
  };
  const read = JSON.parse(JSON.stringify(claims)) as AskedToken["claims"];
  if (!KNOWN_ISSUERS.has(read["iss"] as string)) throw new Error("the issuer is not the list's");
  return { claims: read, keyId: "key-1" };
}
