/** Who acts for whom: the `act` chain (RFC 8693 section 4.1), and who may (section 4.4). */

import { errors } from "../load-oidc-provider.ts";

export interface Actor {
  readonly subject: string;
  readonly clientId: string;
}

type Claims = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Claims {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Refuses an actor that the subject's token does not name. Each member of `may_act` has to be the actor's; one that
 * says nothing of an actor here fits none.
 *
 * @throws InvalidRequest
 */
export function requireMayAct(
  actor: Actor,
  { claims, issuer }: { readonly claims: Claims; readonly issuer: string },
): void {
  const mayAct = claims["may_act"];
  if (mayAct === undefined) return;
  const known: Claims = { sub: actor.subject, client_id: actor.clientId, iss: issuer };
  const members = isObject(mayAct) ? Object.entries(mayAct) : [];
  if (
    members.length > 0 &&
    members.every(([name, value]) => Object.hasOwn(known, name) && known[name] === value)
  )
    return;
  throw new errors.InvalidRequest("the subject_token names somebody else who may act (may_act)");
}

/** The chain with this actor on top of those before. @throws InvalidRequest where it becomes too long. */
export function extendActChain(
  actor: Actor,
  { before, maxDepth }: { readonly before: unknown; readonly maxDepth: number },
): Claims {
  if (countActors(before) >= maxDepth) {
    throw new errors.InvalidRequest(`the subject_token went through ${maxDepth} actors already`);
  }
  const act = { sub: actor.subject, client_id: actor.clientId };
  return isObject(before) ? { ...act, act: before } : act;
}

function countActors(act: unknown): number {
  let depth = 0;
  for (let actor = act; isObject(actor); actor = actor["act"]) depth += 1;
  return depth;
}
