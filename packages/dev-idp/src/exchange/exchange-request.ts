/** What a client asks for when it exchanges a token, checked as far as the request alone tells (RFC 8693 section 2.1). */

import { errors } from "../load-oidc-provider.ts";

export const EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange";

const TYPE = "urn:ietf:params:oauth:token-type:";
const ACCESS_TOKEN_TYPE: string = `${TYPE}access_token`;
export const JWT_TYPE: string = `${TYPE}jwt`;
const TOKEN_TYPES: readonly string[] = [ACCESS_TOKEN_TYPE, JWT_TYPE];

export const EXCHANGE_PARAMETERS: readonly string[] = [
  "resource",
  "audience",
  "scope",
  "requested_token_type",
  "subject_token",
  "subject_token_type",
  "actor_token",
  "actor_token_type",
];
/** Of these a request may name several. */
export const REPEATABLE_PARAMETERS: readonly string[] = ["resource", "audience"];

/** A token that a request shows, and what the request says that it is. */
export interface ShownToken {
  readonly text: string;
  readonly type: string;
}

export interface ExchangeRequest {
  readonly subject: ShownToken;
  readonly actor: ShownToken | undefined;
  /** The one audience that the new token is for. */
  readonly target: string;
  /** Undefined where the request leaves it to the policy. */
  readonly scopes: readonly string[] | undefined;
  readonly requestedType: string;
}

type Parameters = Readonly<Record<string, unknown>>;

/** Longest token that is read, in characters; an engine takes none longer either. */
const MAX_TOKEN_CHARACTERS = 8192;

function readText(parameters: Parameters, name: string): string | undefined {
  const value = parameters[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function readShown(parameters: Parameters, role: "subject" | "actor"): ShownToken | undefined {
  const text = readText(parameters, `${role}_token`);
  const type = readText(parameters, `${role}_token_type`);
  if (text === undefined && type === undefined) return undefined;
  if (text === undefined || type === undefined) {
    throw new errors.InvalidRequest(`${role}_token and ${role}_token_type have to be given together`);
  }
  if (text.length > MAX_TOKEN_CHARACTERS) {
    throw new errors.InvalidRequest(`${role}_token is longer than ${MAX_TOKEN_CHARACTERS} characters`);
  }
  if (TOKEN_TYPES.includes(type)) return { text, type };
  throw new errors.InvalidRequest(`${role}_token_type has to be one of ${TOKEN_TYPES.join(", ")}`);
}

function readTarget(parameters: Parameters): string {
  const resources = readList(parameters["resource"]);
  for (const resource of resources) {
    if (!URL.canParse(resource) || resource.includes("#")) {
      throw new errors.InvalidTarget("resource has to be an absolute URI without fragment");
    }
  }
  const targets = new Set([...resources, ...readList(parameters["audience"])]);
  const [target] = targets;
  if (target === undefined) throw new errors.InvalidTarget("name the target, as resource or audience");
  if (targets.size > 1) throw new errors.InvalidTarget("a token is for one target; ask for one at a time");
  return target;
}

function readList(value: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((item): item is string => typeof item === "string" && item !== "");
}

/** @throws InvalidRequest, InvalidTarget */
export function readExchangeRequest(parameters: Parameters): ExchangeRequest {
  const subject = readShown(parameters, "subject");
  if (subject === undefined) {
    throw new errors.InvalidRequest("subject_token and subject_token_type are missing");
  }
  const actor = readShown(parameters, "actor");
  const requestedType = readText(parameters, "requested_token_type") ?? ACCESS_TOKEN_TYPE;
  if (!TOKEN_TYPES.includes(requestedType)) {
    throw new errors.InvalidRequest(`requested_token_type has to be one of ${TOKEN_TYPES.join(", ")}`);
  }
  const scope = readText(parameters, "scope");
  const scopes = scope === undefined ? undefined : [...new Set(scope.split(" "))];
  return { subject, actor, target: readTarget(parameters), scopes, requestedType };
}
