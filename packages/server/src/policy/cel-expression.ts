/** CEL expressions as conditions, by @marcbachmann/cel-js within the bounds of `bound-cel.ts`. */

import type { ParseResult } from "@marcbachmann/cel-js";
import { Environment, ParseError } from "@marcbachmann/cel-js";
import type { Principal } from "countersign";
import type { ExpressionCompilation, PolicyInput } from "countersign/policy";

import { checkCelForm } from "./bound-cel.ts";

/** Longest expression in characters. */
export const MAX_CEL_CHARACTERS = 2048;

const LIMITS = {
  maxAstNodes: 256,
  maxDepth: 24,
  maxListElements: 64,
  maxMapEntries: 16,
  maxCallArguments: 8,
};
const TEXT = "string";
const TEXTS = "list<string>";

let shared: Environment | undefined;

/**
 * Compiles an expression over
 * - `token`: `issuer` (alias), `algorithm`, `key_id`, `claims`, `expires_at` (timestamp),
 * - `principal`: `kind`, `issuer`, `subject`, `client`, `tenant`, `session`, `scopes`, `roles`, `groups`, `permissions`,
 *   `acr`, `amr`, `auth_time` (timestamp), `actor` (`issuer`, `subject`, `client`: the current one),
 * - `request`: `method`, `scheme`, `host`, `path`, `time`.
 *
 * What a token does not say is absent: reading it fails, `has()` tells.
 */
export function compileCel(expression: string): ExpressionCompilation {
  if (expression.length > MAX_CEL_CHARACTERS) {
    return { ok: false, problem: `more than ${MAX_CEL_CHARACTERS} characters` };
  }
  shared ??= createEnvironment();
  let program: ParseResult;
  try {
    program = shared.parse(expression);
  } catch (error) {
    return { ok: false, problem: error instanceof ParseError ? error.summary : "no CEL expression" };
  }
  const problem = checkCelForm(program.ast) ?? findTypeProblem(program);
  return problem === undefined
    ? { ok: true, condition: (input) => evaluate(program, input) }
    : { ok: false, problem };
}

function createEnvironment(): Environment {
  return new Environment({ limits: LIMITS })
    .registerVariable("token", {
      schema: {
        issuer: TEXT,
        algorithm: TEXT,
        key_id: TEXT,
        claims: "map",
        expires_at: "google.protobuf.Timestamp",
      },
    })
    .registerVariable("principal", {
      schema: {
        kind: TEXT,
        issuer: TEXT,
        subject: TEXT,
        client: TEXT,
        tenant: TEXT,
        session: TEXT,
        scopes: TEXTS,
        roles: TEXTS,
        groups: TEXTS,
        permissions: TEXTS,
        acr: TEXT,
        amr: TEXTS,
        auth_time: "google.protobuf.Timestamp",
        actor: "map",
      },
    })
    .registerVariable("request", {
      schema: { method: TEXT, scheme: TEXT, host: TEXT, path: TEXT, time: "google.protobuf.Timestamp" },
    });
}

/** A part of a token's claims has no type until there is a token, so "dyn" is taken and looked at then. */
function findTypeProblem(program: ParseResult): string | undefined {
  const { valid, type, error } = program.check();
  if (!valid) return error?.summary ?? "types that do not fit";
  return type === "bool" || type === "dyn" ? undefined : `expected true or false, found ${type ?? "nothing"}`;
}

function evaluate(program: ParseResult, input: PolicyInput): boolean | undefined {
  const { token, principal, request, now } = input;
  try {
    const result: unknown = program({
      token: {
        issuer: token.issuer,
        algorithm: token.algorithm,
        ...(token.keyId !== undefined && { key_id: token.keyId }),
        claims: token.claims,
        ...(Number.isFinite(token.expiresAt) && { expires_at: new Date(token.expiresAt) }),
      },
      principal: describePrincipal(principal),
      request: { ...request, time: new Date(now) },
    });
    return typeof result === "boolean" ? result : undefined;
  } catch {
    return undefined;
  }
}

/** Later is no date (ECMA-262, time values). */
const MAX_DATE_SECONDS = 8.64e12;

/** What the principal lacks is absent. Prior actors are left out: nothing may be decided by them (RFC 8693 section 4.1). */
function describePrincipal(principal: Principal): Readonly<Record<string, unknown>> {
  const { kind, issuer, scopes, roles, groups, permissions, authentication, actor } = principal;
  const { acr, amr, authTime } = authentication;
  const { subject, client, tenant, session } = principal;
  const optional = { subject, client, tenant, session, acr, actor: actor && keepDefined({ ...actor }) };
  return {
    kind,
    issuer,
    scopes,
    roles,
    groups,
    permissions,
    amr,
    ...keepDefined(optional),
    ...(authTime !== undefined && authTime <= MAX_DATE_SECONDS && { auth_time: new Date(authTime * 1000) }),
  };
}

function keepDefined(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
