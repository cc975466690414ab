/** The file that `countersign keys` works by: checked whole, every problem at once, no secret in it. */

import path from "node:path";
import { ConfigurationError, type ConfigurationProblem } from "countersign";
import { BACKENDS } from "../backends/backend-table.ts";
import { type BackendOptions, readBackendOptions } from "../backends/read-backend-options.ts";
import {
  httpsUrl,
  type MemberPlace,
  matching,
  objectAt,
  oneOf,
  type ReadMember,
  readMember,
  refuse,
  refuseOthers,
} from "../backends/read-members.ts";
import type { SecretReference } from "../backends/secret-reference.ts";
import type { CanaryOptions } from "../gates/create-canary-signer.ts";
import { DEFAULT_TIMING, type RotationTiming, TIMING_TERMS } from "../planner/timing.ts";
import type { SigningAlgorithm } from "../public-signing-jwk.ts";

export interface KeysConfiguration {
  /** As in `iss`. */
  readonly issuer: string;
  readonly algorithm: SigningAlgorithm;
  readonly timing: RotationTiming;
  readonly maxAgeSeconds?: number;
  readonly retentionSeconds?: number;
  readonly store: KeyStoreOptions;
  /** The first makes new keys; the others hold keys of before. One of a kind. */
  readonly backends: readonly [BackendOptions, ...BackendOptions[]];
  /** Written after each change. */
  readonly jwksFile?: string;
  /** What a rotation has to see before it takes a step. */
  readonly verifiers: readonly VerifierAddress[];
  /** Where the JWKS is public: the origin, each replica, the edge of the CDN. */
  readonly jwksUrls: readonly string[];
  /** What each verifier is shown before a key signs. Absent: nothing. */
  readonly canary?: CanaryOptions;
}

export type KeyStoreOptions =
  | { readonly kind: "file" | "sqlite"; readonly path: string }
  | {
      readonly kind: "redis";
      readonly url: string;
      readonly key?: string;
      readonly password?: SecretReference;
    };

/** A sidecar of ours. */
export interface VerifierAddress {
  readonly name: string;
  /** "host:port" or "unix:/path" of its admin listener. */
  readonly admin: string;
  readonly apiTokenFile: string;
}

export interface ConfigurationPlace {
  /** Relative paths are of this folder. */
  readonly folder: string;
}

const MEMBERS = [
  "issuer",
  "algorithm",
  "timing",
  "maxAgeSeconds",
  "retentionSeconds",
  "store",
  "backend",
  "otherBackends",
  "jwksFile",
  "verifiers",
  "jwksUrls",
  "canary",
];
const PATH = matching(/^[^\0]+$/, "Write a path");
const ALGORITHMS = [...new Set(BACKENDS.flatMap(({ algorithms }) => algorithms))];
const LONGEST_SECONDS = 31_622_400;
const MOST_VERIFIERS = 1000;

/** @throws ConfigurationError with every problem. */
export function readKeysConfiguration(value: unknown, { folder }: ConfigurationPlace): KeysConfiguration {
  const problems: ConfigurationProblem[] = [];
  const reading = objectAt(value, { path: "keys", problems });
  const configuration = reading === undefined ? undefined : readMembers(reading, folder);
  const [first, ...rest] = problems;
  if (first !== undefined) throw new ConfigurationError([first, ...rest]);
  return configuration as KeysConfiguration;
}

type Reading = NonNullable<ReturnType<typeof objectAt>>;

function readMembers(reading: Reading, folder: string): Partial<KeysConfiguration> {
  refuseOthers(reading, MEMBERS);
  const resolve = (file: string): string => path.resolve(folder, file);
  const maxAgeSeconds = readMember(reading, { name: "maxAgeSeconds", read: seconds });
  const retentionSeconds = readMember(reading, { name: "retentionSeconds", read: seconds });
  const jwksFile = readMember(reading, { name: "jwksFile", read: PATH });
  const issuer = readMember(reading, {
    name: "issuer",
    read: matching(/^https?:\/\/\S+$/, "Write the URL, as in `iss`"),
    required: true,
  });
  const algorithm = readMember(reading, { name: "algorithm", read: oneOf(ALGORITHMS) });
  const timing = readMember(reading, { name: "timing", read: readTiming }) ?? DEFAULT_TIMING;
  const store = readMember(reading, { name: "store", read: readStore, required: true });
  const backend = readMember(reading, { name: "backend", read: readBackendAt(folder), required: true });
  const canary = readMember(reading, { name: "canary", read: readCanary });
  const others = readMember(reading, { name: "otherBackends", read: listOf(readBackendAt(folder), 8) }) ?? [];
  const backends = backend === undefined ? [] : [backend, ...others];
  if (new Set(backends.map((each) => each.backend)).size !== backends.length) {
    const place = { path: `${reading.path}.otherBackends`, problems: reading.problems };
    refuse(place, { problem: "names a kind of back end twice", remedy: "Name each kind once" });
  }
  return {
    ...(issuer !== undefined && { issuer }),
    algorithm: algorithm ?? "ES256",
    timing,
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
    ...(retentionSeconds !== undefined && { retentionSeconds }),
    ...(store !== undefined && {
      store: store.kind === "redis" ? store : { ...store, path: resolve(store.path) },
    }),
    backends: backends as unknown as KeysConfiguration["backends"],
    ...(jwksFile !== undefined && { jwksFile: resolve(jwksFile) }),
    verifiers: (
      readMember(reading, { name: "verifiers", read: listOf(readVerifier, MOST_VERIFIERS) }) ?? []
    ).map((verifier) => ({ ...verifier, apiTokenFile: resolve(verifier.apiTokenFile) })),
    jwksUrls: readMember(reading, { name: "jwksUrls", read: listOf(httpsUrl, 64) }) ?? [],
    ...(canary !== undefined && { canary }),
  };
}

const seconds: ReadMember<number> = (value, place) => {
  if (typeof value === "number" && value >= 0 && value <= LONGEST_SECONDS) return value;
  return refuse(place, { problem: "expected seconds", remedy: `A number from 0 to ${LONGEST_SECONDS}` });
};

/** What is left out is the default's. */
function readTiming(value: unknown, place: MemberPlace): RotationTiming | undefined {
  const reading = objectAt(value, place);
  if (reading === undefined) return undefined;
  refuseOthers(
    reading,
    TIMING_TERMS.map(({ name }) => name),
  );
  const read = TIMING_TERMS.map(({ name }) => {
    return [name, readMember(reading, { name, read: seconds }) ?? DEFAULT_TIMING[name]] as const;
  });
  return Object.fromEntries(read) as unknown as RotationTiming;
}

function readStore(value: unknown, place: MemberPlace): KeyStoreOptions | undefined {
  const reading = objectAt(value, place);
  if (reading === undefined) return undefined;
  const kinds = ["file", "sqlite", "redis"].filter((name) => reading.values[name] !== undefined);
  const [kind, ...more] = kinds;
  if (kind === undefined || more.length > 0) {
    return refuse(place, {
      problem: "expected one kind of store",
      remedy: 'Write one of file: "folder", sqlite: "file", redis: { url }',
    });
  }
  refuseOthers(reading, [kind]);
  if (kind === "redis") return readMember(reading, { name: kind, read: readRedis });
  const file = readMember(reading, { name: kind, read: PATH });
  return file === undefined ? undefined : { kind: kind as "file" | "sqlite", path: file };
}

function readRedis(value: unknown, place: MemberPlace): KeyStoreOptions | undefined {
  const reading = objectAt(value, place);
  if (reading === undefined) return undefined;
  refuseOthers(reading, ["url", "key", "password"]);
  const url = readMember(reading, {
    name: "url",
    read: matching(/^rediss?:\/\/[^@\s]+$/, "redis:// or rediss:// (TLS), without a password"),
    required: true,
  });
  const key = readMember(reading, {
    name: "key",
    read: matching(/^[\w.:-]{1,200}$/, "1 to 200 of A-Z a-z 0-9 _ . : -"),
  });
  const password = readMember(reading, { name: "password", read: readSecretPlace });
  if (url === undefined) return undefined;
  return {
    kind: "redis",
    url,
    ...(key !== undefined && { key }),
    ...(password !== undefined && { password }),
  };
}

function readSecretPlace(value: unknown, place: MemberPlace): SecretReference | undefined {
  const reading = objectAt(value, place);
  if (reading === undefined) return undefined;
  refuseOthers(reading, ["env", "file"]);
  const env = readMember(reading, { name: "env", read: matching(/^[A-Za-z_]\w{0,127}$/, "Write the name") });
  const file = readMember(reading, { name: "file", read: PATH });
  if (env !== undefined && file === undefined) return { env };
  if (file !== undefined && env === undefined) return { file };
  return refuse(place, {
    problem: "expected where the secret stands",
    remedy: "Write { env: NAME } or { file: PATH }",
  });
}

function readVerifier(value: unknown, place: MemberPlace): VerifierAddress | undefined {
  const reading = objectAt(value, place);
  if (reading === undefined) return undefined;
  refuseOthers(reading, ["name", "admin", "apiTokenFile"]);
  const admin = readMember(reading, {
    name: "admin",
    read: matching(/^(?:unix:\/.+|\[?[\w.:-]+\]?:\d{1,5})$/, '"host:port" or "unix:/path"'),
    required: true,
  });
  const name = readMember(reading, {
    name: "name",
    read: matching(/^[\w.:-]{1,128}$/, "1 to 128 of A-Z a-z 0-9 _ . : -"),
  });
  const apiTokenFile = readMember(reading, { name: "apiTokenFile", read: PATH, required: true });
  if (admin === undefined || apiTokenFile === undefined) return undefined;
  return { name: name ?? admin, admin, apiTokenFile };
}

function readCanary(value: unknown, place: MemberPlace): CanaryOptions | undefined {
  const reading = objectAt(value, place);
  if (reading === undefined) return undefined;
  refuseOthers(reading, ["claims", "type"]);
  const claims = readMember(reading, { name: "claims", read: objectMembers, required: true });
  const type = readMember(reading, {
    name: "type",
    read: matching(/^[\w.+-]{1,64}$/, "The `typ` of access tokens, such as at+jwt"),
  });
  return claims === undefined ? undefined : { claims, ...(type !== undefined && { type }) };
}

const objectMembers: ReadMember<Readonly<Record<string, unknown>>> = (value, place) =>
  objectAt(value, place)?.values;

function listOf<T>(read: ReadMember<T>, most: number): ReadMember<readonly T[]> {
  return (value, { path: place, problems }) => {
    if (!Array.isArray(value) || value.length > most) {
      return refuse({ path: place, problems }, { problem: "expected a list", remedy: `Of at most ${most}` });
    }
    return value.flatMap((each: unknown, index) => {
      const found = read(each, { path: `${place}[${index}]`, problems });
      return found === undefined ? [] : [found];
    });
  };
}

/** Members of back ends that name files. */
const FILES: readonly string[] = ["directory", "caFile", "credentialsFile"];

function readBackendAt(folder: string): ReadMember<BackendOptions> {
  return (value, { path: place, problems }) => {
    try {
      return readBackendOptions(resolveFiles(value, folder), place);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
}

function resolveFiles(value: unknown, folder: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]: [string, unknown]) => {
      if (typeof member === "string" && FILES.includes(name)) return [name, path.resolve(folder, member)];
      const { file } = (member ?? {}) as { readonly file?: unknown };
      if (typeof file === "string")
        return [name, { ...(member as object), file: path.resolve(folder, file) }];
      return [name, member];
    }),
  );
}
