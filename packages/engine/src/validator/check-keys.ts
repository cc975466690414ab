/** Checks where an issuer's keys come from, and imports those that are part of the configuration. */

import type { IssuerRules } from "../issuers/trusted-issuer.ts";
import { importSecrets } from "../keys/import-secrets.ts";
import { type ImportedKeySet, importKeySet, KeySetError } from "../keys/key-set.ts";
import { isObject } from "../token/describe-kind.ts";
import { checkRemoteKeys, type RemoteKeys } from "./check-remote-keys.ts";
import type { Place } from "./place.ts";
import { readAnything, readOptions } from "./read-options.ts";

/** Keys of the configuration, or how they are fetched. */
export type CheckedKeys = ImportedKeySet | RemoteKeys;

const SOURCES = ["discovery", "jwksUri", "jwks", "secrets", "none"] as const;
const REMEDY =
  "Give exactly one of { discovery: true }, { jwksUri }, { jwks }, { secrets } and { none: true }";

/** The keys of the issuer at a place, or undefined where a problem was added. */
export function checkKeys(options: unknown, { rules, issuerPlace }: KeysSubject): CheckedKeys | undefined {
  const place = issuerPlace.at("keys");
  if (!isObject(options)) return place.expect("an object", options, REMEDY);
  const given = SOURCES.filter((name) => options[name] !== undefined);
  const [source] = given;
  if (source === undefined || given.length > 1) {
    return place.refuse(`found ${given.join(" and ") || "no source of keys"}`, REMEDY);
  }
  if (source === "discovery" || source === "jwksUri") {
    const { issuer } = rules;
    return checkRemoteKeys(options, { place, issuer, issuerPlace: issuerPlace.at("issuer") });
  }
  readOptions(options, { rules: { [source]: readAnything }, place });
  if (source === "none") return checkNone(options[source], { rules, place: place.at(source) });
  const check = source === "jwks" ? checkInline : checkSecrets;
  return check(options[source], { rules, place: place.at(source) });
}

interface KeysSubject {
  readonly rules: IssuerRules;
  readonly issuerPlace: Place;
}

interface SetSubject {
  readonly rules: IssuerRules;
  readonly place: Place;
}

/** A set in which nothing is ever found. */
function checkNone(none: unknown, { rules, place }: SetSubject): ImportedKeySet | undefined {
  if (none !== true) return place.expect("true", none, "Write { none: true }, or where the keys are");
  return importKeySet({ keys: [] }, { algorithms: rules.algorithms, source: "inline" });
}

function checkInline(jwks: unknown, { rules, place }: SetSubject): ImportedKeySet | undefined {
  try {
    const set = importKeySet(jwks, { algorithms: rules.algorithms, source: "inline" });
    if (!set.hasUsableKeys) tellExcluded(set, place.at("keys"));
    return set;
  } catch (error) {
    if (!(error instanceof KeySetError)) throw error;
    return place.refuse(error.message, 'Give { keys: [{ kty: "EC", … }] }');
  }
}

function checkSecrets(secrets: unknown, { rules, place }: SetSubject): ImportedKeySet | undefined {
  if (!Array.isArray(secrets) || secrets.length === 0) {
    const remedy = "Give random octets, as many as the hash has, and never bare text";
    return place.expect("an array of { id?, base64url } or { id?, bytes }", secrets, remedy);
  }
  const set = importSecrets(secrets as readonly unknown[], rules);
  // Secrets are all ours: one that cannot be used is a mistake, and not somebody else's key to be skipped.
  if (set.refused.length > 0) tellExcluded(set, place);
  return set;
}

function tellExcluded({ refused, ignored }: ImportedKeySet, place: Place): void {
  const excluded = [...refused, ...ignored];
  if (excluded.length === 0) place.refuse("holds no key", "Give at least one key");
  for (const { index, problem } of excluded)
    place.at(index).refuse(problem, "Replace the key, or take it out");
}
