/** Checks the options of keys that are fetched: every bound with its default and its range. */

import { platform } from "#platform";
import { checkDiscoveryIssuer } from "../keys/discover-keys.ts";
import { parseFetchUrl } from "../keys/fetch-url.ts";
import type { KeysFrom, RemoteKeySettings } from "../keys/remote-options.ts";
import type { KeySetStore } from "../ports.ts";
import { isObject } from "../token/describe-kind.ts";
import type { Place } from "./place.ts";
import { isText, type Rule, readAnything, readNumber, readOptions } from "./read-options.ts";

type NumberName = Exclude<keyof RemoteKeySettings, "insecureLoopbackHttp">;

/** Least, most and default of each number; all are whole. */
export const REMOTE_BOUNDS: Readonly<Record<NumberName, readonly [number, number, number]>> = {
  timeoutMs: [100, 30_000, 5000],
  cooldownSeconds: [1, 3600, 30],
  minRefreshSeconds: [1, 86_400, 60],
  maxRefreshSeconds: [1, 86_400, 3600],
  maxStaleSeconds: [0, 604_800, 86_400],
  removalGraceSeconds: [0, 3600, 300],
  maxBytes: [1024, 16_777_216, 1_048_576],
  maxKeys: [1, 4096, 256],
  maxRedirects: [0, 3, 0],
};

const NUMBER_RULES = Object.fromEntries(
  Object.entries(REMOTE_BOUNDS).map(([name, [least, most, fallback]]) => [
    name,
    readNumber({ least, most, fallback, isWhole: true }),
  ]),
) as Record<NumberName, Rule<number>>;

const RULES = {
  ...NUMBER_RULES,
  insecureLoopbackHttp: readFlag,
  jwksUri: readAnything,
  discovery: readAnything,
  cacheFile: readAnything,
  store: readStore,
};

/** Where keys are fetched from and within which bounds. */
export interface RemoteKeys {
  readonly source: KeysFrom;
  readonly settings: RemoteKeySettings;
  readonly store: KeySetStore | undefined;
}

/** What is wrong is added to the place's problems. `issuer` is where the issuer stands, and what. */
export function checkRemoteKeys(
  options: Readonly<Record<string, unknown>>,
  {
    place,
    issuer,
    issuerPlace,
  }: { readonly place: Place; readonly issuer: string; readonly issuerPlace: Place },
): RemoteKeys {
  const { jwksUri, discovery, cacheFile, store, ...settings } = readOptions(options, { rules: RULES, place });
  const { minRefreshSeconds: least, maxRefreshSeconds: most } = settings;
  if (least > most)
    place.at("minRefreshSeconds").expect(`at most maxRefreshSeconds (${most})`, least, "Lower it");
  if (jwksUri !== undefined) {
    const url =
      typeof jwksUri === "string" ? parseFetchUrl(jwksUri, settings) : { problem: "expected a string" };
    const remedy = "Give the https URL of the key set, or see insecureLoopbackHttp";
    if (!(url instanceof URL)) place.at("jwksUri").refuse(url.problem, remedy);
  } else if (discovery !== true) {
    place.at("discovery").expect("true", discovery, "Give true, or jwksUri");
  } else {
    // An issuer with metadata is an https URL without query and fragment (RFC 8414 section 2).
    const problem = issuer === "" ? undefined : checkDiscoveryIssuer(issuer, settings);
    if (problem !== undefined) issuerPlace.refuse(problem, "Give jwksUri for an issuer that is no such URL");
  }
  return {
    source: jwksUri === undefined ? { discovery: true } : { jwksUri: jwksUri as string },
    settings: settings,
    store: cacheFile === undefined ? store : openFile({ cacheFile, store }, place.at("cacheFile")),
  };
}

function readFlag(value: unknown = false, place: Place): boolean {
  if (typeof value !== "boolean") place.expect("true or false", value, "Leave it out but in development");
  return value === true;
}

function readStore(value: unknown, place: Place): KeySetStore | undefined {
  const { read, write } = isObject(value) ? value : {};
  if (value !== undefined && !(typeof read === "function" && typeof write === "function")) {
    place.expect("an object with the functions read and write", value, "See KeySetStore");
  }
  return value as KeySetStore | undefined;
}

function openFile(
  { cacheFile, store }: { readonly cacheFile: unknown; readonly store: KeySetStore | undefined },
  place: Place,
): KeySetStore | undefined {
  if (store !== undefined) return place.refuse("found both cacheFile and store", "Keep one of them");
  if (!isText(cacheFile)) return place.expect("a file's path", cacheFile, "Correct it, or leave it out");
  return platform.fileStore?.(cacheFile) ?? place.refuse("this runtime has no files", "Pass a store instead");
}
