/** The bounds of fetching, resolved: every option with its default, its range and a check. */

import { platform } from "#platform";
import type { KeySetStore } from "../ports.ts";
import { parseFetchUrl } from "./fetch-url.ts";

/** `RemoteKeysOptions` with nothing left open. See there for what each means. */
export interface RemoteKeySettings {
  readonly timeoutMs: number;
  readonly cooldownSeconds: number;
  readonly minRefreshSeconds: number;
  readonly maxRefreshSeconds: number;
  readonly maxStaleSeconds: number;
  readonly removalGraceSeconds: number;
  readonly maxBytes: number;
  readonly maxKeys: number;
  readonly maxRedirects: number;
  readonly insecureLoopbackHttp: boolean;
}

type NumberName = Exclude<keyof RemoteKeySettings, "insecureLoopbackHttp">;

/** Default, least and most of each number; all are whole. */
export const REMOTE_SETTINGS: Readonly<
  Record<NumberName, { readonly value: number; readonly least: number; readonly most: number }>
> = Object.freeze({
  timeoutMs: { value: 5000, least: 100, most: 30_000 },
  cooldownSeconds: { value: 30, least: 1, most: 3600 },
  minRefreshSeconds: { value: 60, least: 1, most: 86_400 },
  maxRefreshSeconds: { value: 3600, least: 1, most: 86_400 },
  maxStaleSeconds: { value: 86_400, least: 0, most: 604_800 },
  removalGraceSeconds: { value: 300, least: 0, most: 3600 },
  maxBytes: { value: 1_048_576, least: 1024, most: 16_777_216 },
  maxKeys: { value: 256, least: 1, most: 4096 },
  maxRedirects: { value: 0, least: 0, most: 3 },
});

const NUMBER_NAMES = Object.keys(REMOTE_SETTINGS) as readonly NumberName[];

/** Every option that `resolveRemoteSettings` reads, for telling a misspelt one. */
export const REMOTE_OPTION_NAMES: readonly string[] = Object.freeze([
  ...NUMBER_NAMES,
  "insecureLoopbackHttp",
  "cacheFile",
  "store",
  "jwksUri",
  "discovery",
]);

export interface SettingsProblem {
  readonly path: string;
  readonly problem: string;
  readonly remedy: string;
}

export type ResolvedRemoteSettings =
  | { readonly settings: RemoteKeySettings; readonly store: KeySetStore | undefined }
  | { readonly problems: readonly [SettingsProblem, ...SettingsProblem[]] };

/**
 * Checks the options of a remote key set as untyped callers may write them, and fills in the defaults.
 * `path` is where they stand, such as "issuers[0].keys". Also makes the store of `cacheFile`.
 */
export function resolveRemoteSettings(options: object, path: string): ResolvedRemoteSettings {
  const given = options as Readonly<Record<string, unknown>>;
  const problems: SettingsProblem[] = [];
  const settings = readSettings(given, (name, problem, remedy) =>
    problems.push({ path: `${path}.${name}`, problem, remedy }),
  );
  const store = readStore(given, (name, problem, remedy) =>
    problems.push({ path: `${path}.${name}`, problem, remedy }),
  );
  const [first, ...others] = problems;
  return first === undefined ? { settings, store } : { problems: [first, ...others] };
}

type Report = (name: string, problem: string, remedy: string) => void;

function readSettings(given: Readonly<Record<string, unknown>>, report: Report): RemoteKeySettings {
  const numbers = {} as Record<NumberName, number>;
  for (const name of NUMBER_NAMES) {
    const { value, least, most } = REMOTE_SETTINGS[name];
    const found = given[name] === undefined ? value : given[name];
    numbers[name] = typeof found === "number" ? found : value;
    if (typeof found === "number" && Number.isInteger(found) && found >= least && found <= most) continue;
    report(
      name,
      `expected a whole number from ${least} to ${most}, found ${describe(found)}`,
      `Leave it out for ${value}`,
    );
  }
  if (numbers.minRefreshSeconds > numbers.maxRefreshSeconds) {
    const problem = `expected at most maxRefreshSeconds (${numbers.maxRefreshSeconds}), found ${numbers.minRefreshSeconds}`;
    report("minRefreshSeconds", problem, "Lower minRefreshSeconds or raise maxRefreshSeconds");
  }
  const flag = given["insecureLoopbackHttp"] === undefined ? false : given["insecureLoopbackHttp"];
  if (typeof flag !== "boolean") {
    report(
      "insecureLoopbackHttp",
      `expected true or false, found ${describe(flag)}`,
      "Leave it out but in development",
    );
  }
  const settings = Object.freeze({ ...numbers, insecureLoopbackHttp: flag === true });
  readJwksUri(given, { settings, report });
  return settings;
}

function readJwksUri(
  given: Readonly<Record<string, unknown>>,
  { settings, report }: { readonly settings: RemoteKeySettings; readonly report: Report },
): void {
  const jwksUri = given["jwksUri"];
  if (jwksUri === undefined) return;
  const url =
    typeof jwksUri === "string" ? parseFetchUrl(jwksUri, settings) : { problem: "expected a URL as text" };
  if (url instanceof URL) return;
  report(
    "jwksUri",
    url.problem,
    "Write the https URL of the issuer's key set; for http to this machine, insecureLoopbackHttp",
  );
}

function readStore(given: Readonly<Record<string, unknown>>, report: Report): KeySetStore | undefined {
  const { cacheFile, store } = given as { readonly cacheFile?: unknown; readonly store?: unknown };
  if (cacheFile !== undefined && store !== undefined) {
    report("cacheFile", "found both cacheFile and store", "Keep one of them");
    return undefined;
  }
  if (store !== undefined) {
    if (isStore(store)) return store;
    report(
      "store",
      "expected an object with the functions read and write",
      "Implement KeySetStore, or use cacheFile",
    );
  }
  if (cacheFile === undefined) return undefined;
  if (typeof cacheFile !== "string" || cacheFile === "") {
    report(
      "cacheFile",
      `expected a file's path, found ${describe(cacheFile)}`,
      "Write the path, or leave it out",
    );
    return undefined;
  }
  if (platform.fileStore !== undefined) return platform.fileStore(cacheFile);
  report("cacheFile", "this runtime has no files", "Pass a store instead");
  return undefined;
}

function isStore(store: unknown): store is KeySetStore {
  const { read, write } = (typeof store === "object" && store !== null ? store : {}) as Partial<KeySetStore>;
  return typeof read === "function" && typeof write === "function";
}

function describe(value: unknown): string {
  return typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : `a value of type ${typeof value}`;
}
