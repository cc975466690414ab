import type { ReasonName } from "countersign";
import { makeToken } from "../kit/raw-token.ts";
import { AUDIENCE, type Claims, createClaims, createHeader, ISSUER, NOW_SECONDS } from "../kit/scene.ts";
import type { CorpusCase, CorpusGroup } from "./corpus-case.ts";
import type { CorpusKeys } from "./corpus-keys.ts";

const FORM =
  "The claim's definition asks for another type (RFC 7519 section 4.1); what has no form is not compared.";
const EXPIRY =
  "A token without an end in sight cannot be taken back (RFC 9068 section 2.2, RFC 8725 section 3.8).";
const KIND =
  "The same issuer and key sign other kinds of token; one kind must not pass as another (RFC 8725 section 3.12).";
const OURS = "The token is for somebody else, or from somebody else (RFC 8725 sections 3.8 and 3.9).";
const FUTURE = "A token from the future shows a wrong clock or a forged time.";
const BOUND = "A token that is bound to a key is no bearer token (RFC 7800 section 3, RFC 9449 section 7.2).";

/** Attacks by claims, honestly signed by the published ES256 key. */
export function createClaimCases({ ec: key }: CorpusKeys): CorpusGroup {
  const issue = (claims: Claims, header: Claims = {}): string =>
    makeToken({ header: createHeader(key, header), payload: createClaims(claims), key });
  const row = (name: string, claims: Claims, [expected, why]: readonly [ReasonName, string]): CorpusCase => ({
    name,
    token: issue(claims),
    expected,
    why,
  });
  const literal = (
    name: string,
    [claim, text]: readonly [string, string],
    [expected, why]: readonly [ReasonName, string],
  ): CorpusCase => ({
    name,
    token: makeToken({
      header: createHeader(key),
      payload: JSON.stringify(createClaims({ [claim]: "@" })).replace('"@"', text),
      key,
    }),
    expected,
    why,
  });
  const kind = (name: string, typ: string, claims: Claims): CorpusCase => ({
    name,
    token: issue(claims, { typ }),
    expected: "type_mismatch",
    why: KIND,
  });
  return {
    title: "Claims",
    cases: [
      row("exp missing", { exp: undefined }, ["claim_missing", EXPIRY]),
      row("exp is now", { exp: NOW_SECONDS }, [
        "token_expired",
        "At exp a token has expired (RFC 7519 section 4.1.4).",
      ]),
      row("exp a second ago", { exp: NOW_SECONDS - 1 }, ["token_expired", EXPIRY]),
      row("exp 0", { exp: 0 }, ["token_expired", EXPIRY]),
      row("exp a string", { exp: String(NOW_SECONDS + 100) }, ["claim_invalid", FORM]),
      row("exp null", { exp: null }, ["claim_invalid", FORM]),
      literal("exp 1e400", ["exp", "1e400"], ["malformed_token", EXPIRY]),
      row("exp in a hundred years", { exp: NOW_SECONDS + 3_153_600_000 }, ["lifetime_exceeded", EXPIRY]),
      row("exp in milliseconds", { exp: NOW_SECONDS * 1000 }, ["lifetime_exceeded", EXPIRY]),
      row("thirty days of life", { exp: NOW_SECONDS + 2_592_000 }, ["lifetime_exceeded", EXPIRY]),
      row("nbf in an hour", { nbf: NOW_SECONDS + 3600, exp: NOW_SECONDS + 7200 }, [
        "token_not_yet_valid",
        FUTURE,
      ]),
      row("nbf a string", { nbf: String(NOW_SECONDS - 100) }, ["claim_invalid", FORM]),
      row("nbf after exp", { nbf: NOW_SECONDS, exp: NOW_SECONDS - 5 }, ["token_expired", EXPIRY]),
      row("iat in an hour", { iat: NOW_SECONDS + 3600, exp: NOW_SECONDS + 7200 }, [
        "issued_in_future",
        FUTURE,
      ]),
      row("iat a day ahead", { iat: NOW_SECONDS + 86_400, exp: NOW_SECONDS + 90_000 }, [
        "issued_in_future",
        FUTURE,
      ]),
      row("iat a string", { iat: "yesterday" }, ["claim_invalid", FORM]),
      row("iat negative", { iat: -1 }, ["claim_invalid", FORM]),
      row("aud of another service", { aud: "https://other.example" }, ["audience_mismatch", OURS]),
      row("aud missing", { aud: undefined }, ["claim_missing", OURS]),
      row("aud empty list", { aud: [] }, ["audience_mismatch", OURS]),
      row("aud nested list", { aud: [[AUDIENCE]] }, ["claim_invalid", FORM]),
      row("aud an object", { aud: { 0: AUDIENCE } }, ["claim_invalid", FORM]),
      row("aud with a number beside ours", { aud: [AUDIENCE, 5] }, ["claim_invalid", FORM]),
      row("aud that begins with ours", { aud: `${AUDIENCE}.evil.example` }, ["audience_mismatch", OURS]),
      row("iss missing", { iss: undefined }, ["claim_missing", OURS]),
      row("iss a list", { iss: [ISSUER, "https://evil.example/"] }, ["claim_invalid", FORM]),
      row("iss without its slash", { iss: ISSUER.slice(0, -1) }, ["issuer_untrusted", OURS]),
      row("iss in capitals", { iss: ISSUER.toUpperCase() }, ["issuer_untrusted", OURS]),
      row("sub a number", { sub: 1 }, ["claim_invalid", FORM]),
      row("sub an object", { sub: { id: 1 } }, ["claim_invalid", FORM]),
      row("sub empty", { sub: "" }, ["claim_invalid", FORM]),
      row("sub with NUL", { sub: "admin\u0000" }, [
        "claim_invalid",
        "Control characters cut names short elsewhere.",
      ]),
      row("jti a number", { jti: 1 }, ["claim_invalid", FORM]),
      row("jti an object", { jti: {} }, ["claim_invalid", FORM]),
      row("scope a list", { scope: ["admin"] }, ["claim_invalid", FORM]),
      row("client_id a number", { client_id: 1 }, ["claim_invalid", FORM]),
      row("six actors in a chain", { act: nest(6) }, [
        "claim_invalid",
        "The chain of actors is bounded; only its top counts (RFC 8693 section 4.1).",
      ]),
      row("cnf without a proof", { cnf: { jkt: "A".repeat(43) } }, ["binding_missing", BOUND]),
      kind("ID token", "JWT", { nonce: "n", at_hash: "A".repeat(22) }),
      kind("logout token", "logout+jwt", {
        events: { "http://schemas.openid.net/event/backchannel-logout": {} },
      }),
      kind("security event token under typ JWT", "JWT", { events: { "https://example.com/e": {} } }),
      kind("DPoP proof", "dpop+jwt", { htm: "GET", htu: "https://api.example/" }),
      kind("DPoP proof under typ JWT", "JWT", { htm: "GET", htu: "https://api.example/" }),
      kind("introspection response", "token-introspection+jwt", { token_introspection: { active: true } }),
      kind("client assertion under typ JWT", "JWT", { sub: ISSUER }),
      kind("status list", "statuslist+jwt", { status_list: { bits: 1, lst: "eNoDAAAAAAE" } }),
      kind("transaction token", "txntoken+jwt", { tctx: {} }),
      {
        name: "typ that is a list",
        token: issue({}, { typ: ["JWT"] }),
        expected: "malformed_token",
        why: "typ is a string (RFC 7515 section 4.1.9).",
      },
    ],
  };
}

function nest(depth: number): Claims {
  return depth === 1 ? { sub: "a" } : { sub: "a", act: nest(depth - 1) };
}
