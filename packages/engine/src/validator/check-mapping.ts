/** Checks how an issuer's claims become a principal: paths, types, transforms and defaults, each where it may stand. */

import { parseClaimPath } from "../claims/claim-path.ts";
import { AUDIENCE, type CompiledMapping, compileMapping, listSources } from "../principal/compile-mapping.ts";
import type { PresetMapping, PrincipalMapping } from "../principal/principal-mapping.ts";
import { isObject } from "../token/describe-kind.ts";
import type { Place } from "./place.ts";
import { isText, type Rule, readAnything, readOptions } from "./read-options.ts";

/** Of one field. */
const MAX_SOURCES = 8;
const MAX_VALUES = 256;

const FIELDS = {
  kind: readKind,
  client: readTextSources,
  tenant: readTextSources,
  session: readTextSources,
  scopes: readListSources,
  roles: readListSources,
  groups: readListSources,
  permissions: readListSources,
};

/** The mapping, or undefined for the default one. What is wrong is added to the place's problems. */
export function readMapping(value: unknown, place: Place): PrincipalMapping | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) return place.expect("an object", value, "Give { roles: … }, or leave it out");
  const before = place.problems.length;
  const fields = readOptions(value, { rules: FIELDS, place });
  if (place.problems.length > before) return undefined;
  const given = Object.entries(fields).filter(([, field]) => field !== undefined);
  // A copy, so that later changes of the options change nothing.
  return structuredClone(Object.fromEntries(given));
}

/** @param audiences What "{audience}" stands for; none where they are unchecked. */
export function compileIssuerMapping(
  mapping: PresetMapping | undefined,
  audiences: readonly string[] | undefined,
): CompiledMapping | undefined {
  return mapping && compileMapping(mapping, audiences);
}

function readKind(value: unknown, place: Place): unknown {
  if (value === undefined || value === "workload") return value;
  const remedy = "Leave it out: users and clients are told apart by their tokens";
  return place.expect('"workload"', value, remedy);
}

const TEXT_MEMBERS = { path: readAnything, transform: readTransform, default: readDefault };
const LIST_MEMBERS = { path: readAnything, transform: readTransform, type: readType, default: refuseDefault };

function readTextSources(value: unknown, place: Place): unknown {
  return readSources(value, { members: TEXT_MEMBERS, maySpread: false, place });
}

function readListSources(value: unknown, place: Place): unknown {
  return readSources(value, { members: LIST_MEMBERS, maySpread: true, place });
}

interface SourceRules {
  readonly members: Readonly<Record<string, Rule<unknown>>>;
  /** Whether a path may have a step that stands for several. */
  readonly maySpread: boolean;
  readonly place: Place;
}

function readSources(value: unknown, { members, maySpread, place }: SourceRules): unknown {
  if (value === undefined) return undefined;
  const sources = listSources(value);
  if (sources.length > MAX_SOURCES) {
    return place.expect(`at most ${MAX_SOURCES} claims`, value, "Name those that the issuer uses");
  }
  for (const [index, source] of sources.entries()) {
    const at = Array.isArray(value) ? place.at(index) : place;
    if (!isObject(source)) {
      checkPath(source, { maySpread, place: at });
      continue;
    }
    readOptions(source, { rules: members, place: at });
    checkPath(source["path"], { maySpread, place: at.at("path") });
  }
  return value;
}

function checkPath(path: unknown, { maySpread, place }: Pick<SourceRules, "maySpread" | "place">): void {
  const steps = typeof path === "string" ? parseClaimPath(path) : undefined;
  if (steps === undefined) {
    const remedy = 'Write a JSON pointer ("/a/b"), names joined by dots, or one name with "://"';
    place.expect("the path of a claim", path, remedy);
    return;
  }
  const unknown = steps.find((step) => /^\{.*\}$/.test(step) && !(maySpread && step === AUDIENCE));
  if (unknown === undefined) return;
  // The token's own client must not choose whose roles count.
  place.refuse(`${unknown} stands for nothing here`, `Write the name itself, or ${AUDIENCE} in a list`);
}

function readType(value: unknown, place: Place): unknown {
  if (value === undefined || value === "list" || value === "words") return value;
  return place.expect('"list" or "words"', value, "Correct it, or leave it out");
}

function readDefault(value: unknown, place: Place): unknown {
  return value === undefined || isText(value) ? value : place.expect("a text", value, "Leave it out");
}

function refuseDefault(value: unknown, place: Place): undefined {
  if (value === undefined) return undefined;
  return place.refuse(
    "is a grant to whoever has none",
    "Leave it out: what a token does not say grants nothing",
  );
}

const TEXT_TRANSFORMS: readonly unknown[] = ["lowercase", "lastSegment"];

function readTransform(value: unknown, place: Place): unknown {
  if (value === undefined || TEXT_TRANSFORMS.includes(value)) return value;
  const [[name, argument] = [], ...others] = isObject(value) ? Object.entries(value) : [];
  if (others.length === 0 && (name === "prefix" || name === "removePrefix") && isText(argument)) return value;
  if (others.length === 0 && name === "values" && isObject(argument)) {
    const entries = Object.entries(argument);
    if (entries.length > 0 && entries.length <= MAX_VALUES && entries.every(([, text]) => isText(text))) {
      return value;
    }
  }
  const expected = '"lowercase", "lastSegment", or one of prefix, removePrefix and values';
  return place.expect(expected, value, "Correct it, or leave it out");
}
