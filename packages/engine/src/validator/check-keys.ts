/** Checks where an issuer's keys come from, and imports those that are part of the configuration. */

import type { Algorithm } from "../algorithms.ts";
import { checkDiscoveryIssuer } from "../keys/discover-keys.ts";
import { importSecrets } from "../keys/import-secrets.ts";
import { type ImportedKeySet, importKeySet, KeySetError } from "../keys/key-set.ts";
import {
  REMOTE_OPTION_NAMES,
  type RemoteKeySettings,
  resolveRemoteSettings,
} from "../keys/remote-settings.ts";
import type { KeySetStore } from "../ports.ts";
import type { IssuerPlace } from "./check-issuer.ts";
import { describeValue, isRecord, refuseUnknown } from "./problem-list.ts";

export type CheckedKeys =
  | { readonly kind: "static"; readonly set: ImportedKeySet }
  | {
      readonly kind: "remote";
      readonly source: { readonly discovery: true } | { readonly jwksUri: string };
      readonly settings: RemoteKeySettings;
      readonly store: KeySetStore | undefined;
    };

const SOURCES = ["discovery", "jwksUri", "jwks", "secrets"] as const;
const REMEDY = "Give exactly one of { discovery: true }, { jwksUri }, { jwks } and { secrets }";

interface KeysSubject {
  /** The issuer's identifier as it was written. */
  readonly issuer: unknown;
  readonly algorithms: readonly Algorithm[];
  readonly place: IssuerPlace;
}

/** The keys, or undefined where a problem was added. */
export function checkKeys(options: unknown, subject: KeysSubject): CheckedKeys | undefined {
  const { problems } = subject.place;
  const path = `${subject.place.path}.keys`;
  if (!isRecord(options)) {
    problems.add(path, `expected an object, found ${describeValue(options)}`, REMEDY);
    return undefined;
  }
  const given = SOURCES.filter((name) => options[name] !== undefined);
  const [source] = given;
  if (source === undefined || given.length > 1) {
    problems.add(path, `found ${given.length === 0 ? "no source of keys" : given.join(" and ")}`, REMEDY);
    return undefined;
  }
  const remote = source === "discovery" || source === "jwksUri";
  refuseUnknown(options, remote ? REMOTE_OPTION_NAMES : [source], { path, problems });
  if (remote) return checkRemote(options, { path, subject });
  return source === "jwks"
    ? checkInline(options["jwks"], subject)
    : checkSecrets(options["secrets"], subject);
}

function checkRemote(
  options: Readonly<Record<string, unknown>>,
  { path, subject }: { readonly path: string; readonly subject: KeysSubject },
): CheckedKeys | undefined {
  const { problems } = subject.place;
  const resolved = resolveRemoteSettings(options, path);
  if ("problems" in resolved) {
    problems.addAll(resolved.problems);
    return undefined;
  }
  const { settings, store } = resolved;
  if (options["jwksUri"] !== undefined) {
    return { kind: "remote", source: { jwksUri: options["jwksUri"] as string }, settings, store };
  }
  if (options["discovery"] !== true) {
    problems.add(`${path}.discovery`, `expected true, found ${describeValue(options["discovery"])}`, REMEDY);
    return undefined;
  }
  checkDiscoverableIssuer(subject, settings);
  return { kind: "remote", source: { discovery: true }, settings, store };
}

/** An issuer with metadata is an https URL without query and fragment (RFC 8414 section 2). */
function checkDiscoverableIssuer({ issuer, place }: KeysSubject, settings: RemoteKeySettings): void {
  if (typeof issuer !== "string" || issuer === "") return;
  const problem = checkDiscoveryIssuer(issuer, settings);
  if (problem === undefined) return;
  const remedy = "Discovery needs the issuer's https URL; for another form of issuer give jwksUri";
  place.problems.add(`${place.path}.issuer`, problem, remedy);
}

function checkInline(jwks: unknown, { algorithms, place }: KeysSubject): CheckedKeys | undefined {
  const path = `${place.path}.keys.jwks`;
  const remedy = 'Give a JWK Set: { keys: [{ kty: "EC", … }] }';
  if (!isRecord(jwks)) {
    place.problems.add(path, `expected a JWK Set, found ${describeValue(jwks)}`, remedy);
    return undefined;
  }
  try {
    const document = jwks as unknown as { readonly keys: readonly unknown[] };
    const set = importKeySet(document, { algorithms, source: "inline" });
    if (!set.hasUsableKeys) reportExcluded(set, `${path}.keys`, place);
    return { kind: "static", set };
  } catch (error) {
    if (!(error instanceof KeySetError)) throw error;
    place.problems.add(path, error.message, remedy);
    return undefined;
  }
}

function checkSecrets(secrets: unknown, { algorithms, place }: KeysSubject): CheckedKeys | undefined {
  const path = `${place.path}.keys.secrets`;
  if (!Array.isArray(secrets) || secrets.length === 0) {
    const problem = `expected an array of { id?, base64url } or { id?, bytes }, found ${describeValue(secrets)}`;
    place.problems.add(
      path,
      problem,
      "Give random octets, at least as many as the hash has; never bare text",
    );
    return undefined;
  }
  const set = importSecrets(secrets as readonly unknown[], { algorithms });
  // Secrets are all ours: one that cannot be used is a mistake, and not somebody else's key to be skipped.
  if (set.refused.length > 0) reportExcluded(set, path, place);
  return { kind: "static", set };
}

function reportExcluded(set: ImportedKeySet, path: string, { problems }: IssuerPlace): void {
  const excluded = [...set.refused, ...set.ignored];
  if (excluded.length === 0) problems.add(path, "holds no key", "Give at least one key");
  for (const { index, problem } of excluded) {
    problems.add(`${path}[${index}]`, problem, "Replace the key, or take it out");
  }
}
