/** Every kind of token that probes name, signed where a client could not make it alone. */

import { createTestIssuer, type TestIssuer } from "countersign/testing";
import { deriveTokens } from "../../conformance/casebook/derive-tokens.ts";
import type { TokenKind } from "../../conformance/casebook/entry.ts";
import { CLAIM_MARK } from "../../conformance/casebook/hazards.ts";
import { FORGED } from "../../conformance/casebook/scene.ts";

export interface TokenBook {
  readonly issuer: TestIssuer;
  /** Trusted as well; the sidecar has its keys. */
  readonly second: TestIssuer;
  readonly tokens: Readonly<Record<TokenKind, string>>;
}

/** Makes two issuers and their tokens. */
export async function createTokenBook(): Promise<TokenBook> {
  const issuer = await createTestIssuer();
  const second = await createTestIssuer({ issuer: "https://second.test/" });
  const marked = { sub: CLAIM_MARK };
  const derived = deriveTokens(await issuer.sign()) as Readonly<Record<TokenKind, string>>;
  const nowSeconds = Math.floor(Date.now() / 1000);
  const lineBreak = `a\r\nX-Auth-Roles: ${FORGED}`;
  const tokens: Record<TokenKind, string> = {
    ...derived,
    expired: await issuer.sign({ ...marked, iat: nowSeconds - 7200, exp: nowSeconds - 3600 }),
    expiryZero: await issuer.sign({ ...marked, exp: 0 }),
    missingExpiry: await issuer.sign(marked, { omit: ["exp"] }),
    otherAudience: await issuer.sign({ ...marked, aud: "https://other.test" }),
    missingAudience: await issuer.sign(marked, { omit: ["aud"] }),
    issuerOfOtherKeys: await issuer.sign(marked, { key: second.key() }),
    hmacWithPublicKey: await issuer.tokens.hmacWithPublicKey(),
    criticalHeader: await issuer.tokens.criticalHeader(),
    unencodedPayload: await issuer.tokens.unencodedPayload(),
    duplicateClaim: await issuer.tokens.duplicateMember(),
    duplicateHeader: await issuer.tokens.duplicateHeaderMember(),
    caseVariantClaims: await issuer.sign(
      { AUD: issuer.audience, EXP: nowSeconds + 300 },
      { omit: ["aud", "exp"] },
    ),
    lineBreakSubject: await issuer.sign({ sub: lineBreak }),
  };
  return { issuer, second, tokens };
}
