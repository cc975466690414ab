import { BoundedMemory } from "../bounded-memory.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";
import type { JsonValue } from "../token/json-value.ts";
import type { Principal } from "./principal.ts";

const NONE: readonly string[] = Object.freeze([]);

/** Reads the principal from a verified token. What it does not know it leaves out; nothing unmapped ever grants. */
export function createPrincipal(token: VerifiedToken): Principal {
  const { claims } = token;
  const client = readText(claims["client_id"]) ?? readText(claims["azp"]) ?? readText(claims["cid"]);
  const subject = claims.sub;
  return Object.freeze({
    // A token of the client credentials grant has the client as its subject (RFC 9068 section 2.2).
    kind: client !== undefined && (subject === undefined || subject === client) ? "client" : "user",
    issuer: claims.iss,
    subject,
    client,
    scopes: readScopes(claims["scope"], claims["scp"]),
    roles: readList(claims["roles"]),
  });
}

function readText(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Tokens of one client have the same scopes, and their lists need to be made and kept once. */
const knownScopes = new BoundedMemory<string, readonly string[]>(256);
const MAX_KNOWN_LENGTH = 256;

/** `scope` is text (RFC 8693 section 4.2); `scp` is text or an array, by dialect. */
function readScopes(scope: JsonValue | undefined, scp: JsonValue | undefined): readonly string[] {
  const fromScope = splitWords(scope);
  if (scp === undefined) return fromScope;
  const fromScp = typeof scp === "string" ? splitWords(scp) : readList(scp);
  return distinct([...fromScope, ...fromScp]);
}

function splitWords(value: JsonValue | undefined): readonly string[] {
  if (typeof value !== "string" || value === "") return NONE;
  const known = knownScopes.get(value);
  if (known !== undefined) return known;
  const words = value.split(" ");
  const list = distinct(words.includes("") ? words.filter((word) => word !== "") : words);
  if (value.length <= MAX_KNOWN_LENGTH) knownScopes.set(value, list);
  return list;
}

/** All of a list or none of it: a list with something else in it is not half trusted. */
function readList(value: JsonValue | undefined): readonly string[] {
  if (typeof value === "string" && value !== "") return Object.freeze([value]);
  if (!Array.isArray(value)) return NONE;
  for (const member of value) if (typeof member !== "string") return NONE;
  return distinct(value as readonly string[]);
}

/** More words than this are compared through a set. */
const FEW = 16;

/** The list itself where nothing stands twice in it, which is the rule. */
function distinct(words: readonly string[]): readonly string[] {
  const { length } = words;
  let repeats = length > FEW;
  for (let index = 1; index < length && !repeats; index++)
    repeats = words.lastIndexOf(words[index] as string, index - 1) >= 0;
  return Object.freeze(repeats ? [...new Set(words)] : words);
}
