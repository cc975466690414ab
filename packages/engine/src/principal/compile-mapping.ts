/** A mapping as functions that read claims. */

import { findClaim, parseClaimPath } from "../claims/claim-path.ts";
import { compileAny } from "../claims/claim-test.ts";
import type { JsonObject } from "../token/json-value.ts";
import { distinct, NO_TEXTS, readTexts, readWords } from "./claim-list.ts";
import type { PrincipalKind } from "./principal.ts";
import {
  type CapturedClaim,
  type ClaimTransform,
  DEFAULT_MAPPING,
  type ListSource,
  type ListSources,
  type PresetMapping,
  type TextSource,
} from "./principal-mapping.ts";

export type ReadText = (claims: JsonObject) => string | undefined;
export type ReadList = (claims: JsonObject) => readonly string[];

export interface CompiledMapping {
  /** Undefined where the client and the subject say it. */
  readonly readKind: ((claims: JsonObject) => PrincipalKind | undefined) | undefined;
  readonly client: ReadText;
  readonly tenant: ReadText;
  readonly session: ReadText;
  readonly scopes: ReadList;
  readonly roles: ReadList;
  readonly groups: ReadList;
  readonly permissions: ReadList;
  /** What takes the place of the permissions that the token states. Default nothing does. */
  readonly grantPermissions?: (held: HeldNames, claims: JsonObject) => readonly string[];
}

/** What a principal holds by its token. */
export interface HeldNames {
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly permissions: readonly string[];
}

/** The mapping has been checked: its paths are well formed. `audiences` are what "{audience}" stands for. */
export function compileMapping(
  mapping: PresetMapping = {},
  audiences: readonly string[] = [],
): CompiledMapping {
  const { client, tenant, session, scopes, roles, groups, permissions } = { ...DEFAULT_MAPPING, ...mapping };
  const list = (sources: ListSources, type: "list" | "words"): ReadList =>
    compileLists(sources, { type, audiences });
  return {
    readKind: compileKind(mapping),
    client: compileTexts(client),
    tenant: compileTexts(tenant),
    session: compileTexts(session),
    scopes: list(scopes, "words"),
    roles: list(roles, "list"),
    groups: list(groups, "list"),
    permissions: list(permissions, "list"),
  };
}

function compileKind({ kind, clientIf, workloadIf }: PresetMapping): CompiledMapping["readKind"] {
  if (kind !== undefined) return () => kind;
  if (clientIf === undefined && workloadIf === undefined) return undefined;
  const isWorkload = compileAny(workloadIf);
  const isClient = compileAny(clientIf);
  return (claims) => (isWorkload(claims) ? "workload" : isClient(claims) ? "client" : undefined);
}

type AnyText = TextSource | CapturedClaim;

function compileTexts(sources: AnyText | readonly AnyText[]): ReadText {
  const readers = listSources<AnyText>(sources).map(compileText);
  return (claims) => {
    for (const read of readers) {
      const text = read(claims);
      if (text !== undefined) return text;
    }
    return undefined;
  };
}

function compileText(source: AnyText): ReadText {
  if (typeof source !== "string" && "capture" in source) return compileCapture(source);
  const { path, transform, default: fallback } = typeof source === "string" ? { path: source } : source;
  const steps = parseClaimPath(path) ?? [];
  const change = compileTransform(transform);
  return (claims) => {
    const value = findClaim(claims, steps);
    return typeof value === "string" && value !== "" ? change(value) : fallback;
  };
}

function compileCapture({ path, capture }: CapturedClaim): ReadText {
  const steps = parseClaimPath(path) ?? [];
  return (claims) => {
    const value = findClaim(claims, steps);
    return typeof value === "string" ? capture.exec(value)?.[1] : undefined;
  };
}

function compileLists(
  sources: ListSources,
  { type, audiences }: { readonly type: "list" | "words"; readonly audiences: readonly string[] },
): ReadList {
  const readers = listSources<ListSource>(sources).flatMap((source) => {
    const claim = typeof source === "string" ? { path: source } : source;
    return compileList({ type, ...claim }, audiences);
  });
  return (claims) => {
    let first = NO_TEXTS;
    let all: string[] | undefined;
    for (const read of readers) {
      const texts = read(claims);
      if (texts.length === 0) continue;
      if (first.length === 0) {
        first = texts;
        continue;
      }
      all ??= [...first];
      all.push(...texts);
    }
    return all === undefined ? first : distinct(all);
  };
}

function compileList(
  { path, type, transform }: Exclude<ListSource, string>,
  audiences: readonly string[],
): readonly ReadList[] {
  const steps = parseClaimPath(path) ?? [];
  const read = type === "words" ? readWords : readTexts;
  const change = transform === undefined ? undefined : compileTransform(transform);
  const paths = steps.includes(AUDIENCE)
    ? audiences.map((audience) => steps.map((step) => (step === AUDIENCE ? audience : step)))
    : [steps];
  return paths.map((names) => (claims) => {
    const texts = read(findClaim(claims, names));
    return change === undefined ? texts : distinct(texts.flatMap((text) => change(text) ?? []));
  });
}

/** A step that stands for each of the issuer's audiences. */
export const AUDIENCE = "{audience}";

function compileTransform(transform: ClaimTransform | undefined): (text: string) => string | undefined {
  if (transform === undefined) return (text) => text;
  if (transform === "lowercase") return (text) => text.toLowerCase();
  if (transform === "lastSegment") return (text) => text.slice(text.lastIndexOf("/") + 1) || undefined;
  if ("prefix" in transform) return (text) => transform.prefix + text;
  if ("values" in transform) {
    const values = new Map(Object.entries(transform.values));
    return (text) => values.get(text);
  }
  const { removePrefix: start } = transform;
  return (text) => (text.startsWith(start) ? text.slice(start.length) || undefined : undefined);
}

/** One or several, as several. */
export function listSources<T>(sources: T | readonly T[]): readonly T[] {
  return Array.isArray(sources) ? (sources as readonly T[]) : [sources as T];
}
