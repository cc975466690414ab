import type { TestIssuer } from "countersign/testing";

export const SESSION_REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
export const RECEIVER = "https://receiver.test";

type Claims = Parameters<TestIssuer["sign"]>[0];

/** A security event token (RFC 8417) about a subject: `session-revoked`, unless `changes` say otherwise. */
export function signEvent(by: TestIssuer, subject: object, changes: object = {}): Promise<string> {
  const bare = { exp: undefined, sub: undefined, client_id: undefined, scope: undefined, nbf: undefined };
  const claims = { ...bare, aud: RECEIVER, sub_id: subject, events: { [SESSION_REVOKED]: {} }, ...changes };
  return by.sign(claims as unknown as Claims, { header: { typ: "secevent+jwt" } });
}
