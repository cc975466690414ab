import type { VerifiedToken } from "../signature/verified-token.ts";
import { isObject } from "../token/describe-kind.ts";
import type { JsonObject, JsonValue } from "../token/json-value.ts";
import { NO_TEXTS, readTexts } from "./claim-list.ts";
import { type CompiledMapping, compileMapping } from "./compile-mapping.ts";
import type { Actor, Authentication, Principal, PrincipalConfirmation } from "./principal.ts";

/** Reads the principal from a verified token. What it does not know it leaves out; nothing unmapped ever grants. */
export function createPrincipal(token: VerifiedToken, mapping: CompiledMapping = DEFAULT): Principal {
  const { claims } = token;
  const issuer = claims.iss;
  const subject = claims.sub;
  const client = mapping.client(claims);
  const actors = claims["act"] === undefined ? NO_ACTORS : readActors(claims["act"], issuer);
  const [actor] = actors;
  const scopes = mapping.scopes(claims);
  const roles = mapping.roles(claims);
  const groups = mapping.groups(claims);
  const stated = mapping.permissions(claims);
  return Object.freeze({
    kind: mapping.readKind?.(claims) ?? readKind(subject, client),
    issuer,
    subject,
    client,
    tenant: mapping.tenant(claims),
    session: mapping.session(claims),
    scopes,
    roles,
    groups,
    permissions: mapping.grantPermissions?.({ scopes, roles, groups, permissions: stated }, claims) ?? stated,
    authentication: readAuthentication(claims),
    actor,
    priorActors: actors.length > 1 ? Object.freeze(actors.slice(1)) : NO_ACTORS,
    confirmation: readConfirmation(claims["cnf"]),
  });
}

const DEFAULT = compileMapping();

/** A token of the client credentials grant has the client as its subject (RFC 9068 section 2.2). */
function readKind(subject: string | undefined, client: string | undefined): "client" | "user" {
  return client !== undefined && (subject === undefined || subject === client) ? "client" : "user";
}

function readText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

const NOT_TOLD: Authentication = Object.freeze({ acr: undefined, amr: NO_TEXTS, authTime: undefined });

/** `amr` is an array of texts (RFC 8176 section 1); one text counts as one of them, anything else as none. */
function readAuthentication(claims: JsonObject): Authentication {
  const { acr, amr, auth_time: authTime } = claims;
  if (acr === undefined && amr === undefined && authTime === undefined) return NOT_TOLD;
  return Object.freeze({
    acr: readText(acr),
    amr: readTexts(amr),
    authTime: typeof authTime === "number" ? authTime : undefined,
  });
}

const NO_ACTORS: readonly Actor[] = Object.freeze([]);

/** Newest first. The claim's check has bounded how deep they are nested. */
function readActors(act: JsonValue | undefined, tokenIssuer: string): readonly Actor[] {
  const actors: Actor[] = [];
  for (let level: unknown = act; isObject(level); level = level["act"]) {
    const issuer = readText(level["iss"]) ?? tokenIssuer;
    const client = readText(level["client_id"]);
    actors.push(Object.freeze({ issuer, subject: readText(level["sub"]), client }));
  }
  return Object.freeze(actors);
}

function readConfirmation(cnf: unknown): PrincipalConfirmation | undefined {
  if (!isObject(cnf)) return undefined;
  const jkt = readText(cnf["jkt"]);
  const certificateSha256 = readText(cnf["x5t#S256"]);
  return jkt === undefined && certificateSha256 === undefined
    ? undefined
    : Object.freeze({ jkt, certificateSha256 });
}
