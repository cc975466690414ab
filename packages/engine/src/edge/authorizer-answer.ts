/** The answers of an authorizer, as API Gateway reads them. */

import type { JsonValue } from "../token/json-value.ts";
import type { Accepted } from "../validator/verdict.ts";

export type AuthorizerContext = Readonly<Record<string, JsonValue>>;

/** For every format but "http-2.0-simple". */
export interface PolicyAnswer {
  /** "issuer|subject" with the issuer's alias, or "denied". */
  readonly principalId: string;
  readonly policyDocument: {
    readonly Version: "2012-10-17";
    readonly Statement: readonly [
      {
        readonly Action: "execute-api:Invoke";
        readonly Effect: "Allow" | "Deny";
        readonly Resource: string;
      },
    ];
  };
  readonly context: AuthorizerContext;
}

export interface SimpleAnswer {
  readonly isAuthorized: boolean;
  readonly context: AuthorizerContext;
}

export type AuthorizerAnswer = PolicyAnswer | SimpleAnswer;

/** The partition, region, account, API and stage; then the method and the path as the client wrote it. */
const ARN = /^(arn:[a-z-]+:execute-api:[a-z0-9-]*:[0-9]*:[A-Za-z0-9]+\/[A-Za-z0-9_$-]+)\/([A-Z]+)(\/.*)?$/s;

export interface ParsedArn {
  readonly text: string;
  /** All routes of the stage. */
  readonly stage: string;
  readonly method: string;
  /** From "/" on. */
  readonly path: string;
}

/** Undefined for what API Gateway does not write. */
export function parseArn(text: unknown): ParsedArn | undefined {
  const [, stage, method, path = "/"] = typeof text === "string" ? (ARN.exec(text) ?? []) : [];
  if (stage === undefined || method === undefined) return undefined;
  return { text: String(text), stage: `${stage}/*`, method, path };
}

/** What a policy is about: every request of a route, with whatever stands in its variables. Undefined for "$default". */
export function nameRouteResource({ stage, method }: ParsedArn, route: string): string | undefined {
  const path = /^[A-Z]+ (\/[^*?$]*)$/.exec(route)?.[1];
  return path && `${stage.slice(0, -1)}${method}${path.replace(/\{[^{}]*\}/g, "*")}`;
}

/** Policies know wildcards, and a client may write them into its path: then the policy would allow more than was asked. */
export function hasWildcard({ path }: ParsedArn): boolean {
  return /[*?]|\$\{/.test(path);
}

export function createPolicyAnswer(
  effect: "Allow" | "Deny",
  answer: { readonly resource: string; readonly principalId: string; readonly context: AuthorizerContext },
): PolicyAnswer {
  const { resource, principalId, context } = answer;
  const statement = { Action: "execute-api:Invoke", Effect: effect, Resource: resource } as const;
  return { principalId, policyDocument: { Version: "2012-10-17", Statement: [statement] }, context };
}

/** Identity is the pair; without a subject it is the issuer's client, and without both the issuer's alone. */
export function namePrincipal({ token, principal }: Accepted): string {
  return `${token.issuer}|${principal.subject ?? principal.client ?? ""}`;
}

export function describeAccepted({
  token,
  principal,
}: Accepted): Readonly<Record<string, JsonValue | undefined>> {
  const { subject, client, scopes, roles } = principal;
  return { subject, issuer: token.issuer, client, scopes: scopes.join(" "), roles };
}

/** Absent values are left out. Where API Gateway takes scalars only, all values become text, lists and objects JSON. */
export function createContext(
  values: Readonly<Record<string, JsonValue | undefined>>,
  { scalarsOnly }: { readonly scalarsOnly: boolean },
): AuthorizerContext {
  const context: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null) continue;
    const isText = !scalarsOnly || typeof value === "string";
    Object.defineProperty(context, name, { value: isText ? value : JSON.stringify(value), enumerable: true });
  }
  return context;
}
