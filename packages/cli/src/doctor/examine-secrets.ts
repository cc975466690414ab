import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Configuration, SecretPlace } from "@countersign/server";
import { listSecretPlaces, nameIssuer } from "@countersign/server";
import type { DoctorLog } from "./doctor-log.ts";
import type { DoctorPatient } from "./doctor-patient.ts";

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
/** Files of a folder of keys that are looked at. */
const MAX_FILES = 1000;

/** How secrets are kept, and how good they are. None is printed. */
export function examineSecrets({ file, text, configuration }: DoctorPatient, log: DoctorLog): void {
  const places = listSecretPlaces(text, dirname(resolve(file)));
  const literal = places.filter(({ source }) => source === "literal");
  examineWritten(places, log);
  examinePermissions({ file, places, configuration, holdsSecrets: literal.length > 0 }, log);
  examineShared(configuration, log);
}

function examineWritten(places: readonly SecretPlace[], log: DoctorLog): void {
  const check = "secrets.written";
  const literal = places.filter(({ source }) => source === "literal");
  for (const { path } of literal) {
    log.warn(check, {
      subject: path,
      detail: "the secret stands in the configuration, and so in every copy of it",
      remedy: "Write ${NAME} or file:PATH, and change the secret if the file was ever in a repository.",
    });
  }
  if (literal.length > 0) return;
  const detail =
    places.length === 0 ? "the configuration has none" : `${places.length} from outside the configuration`;
  log.pass(check, { detail });
}

interface KeptSecrets {
  readonly file: string;
  readonly places: readonly SecretPlace[];
  readonly configuration: Configuration;
  /** Whether secrets stand in the configuration's text. */
  readonly holdsSecrets: boolean;
}

function examinePermissions(
  { file, places, configuration, holdsSecrets }: KeptSecrets,
  log: DoctorLog,
): void {
  const check = "secrets.permissions";
  if (process.platform === "win32") {
    log.skip(check, { detail: "this system has no modes of files" });
    return;
  }
  const kept = [
    ...places.flatMap((place) => (place.file === undefined ? [] : [place.file])),
    ...listOwnFiles(configuration),
    ...(holdsSecrets ? [file] : []),
  ];
  let closed = 0;
  for (const path of new Set(kept)) if (isClosed(path, log)) closed += 1;
  // Who can write it decides what is trusted, also where nothing in it is secret.
  if (!holdsSecrets) examineWriters(file, log);
  if (!log.has(check, "failed")) log.pass(check, { detail: describeClosed(closed) });
}

function describeClosed(count: number): string {
  if (count === 0) return "there is no file with a secret yet";
  return count === 1 ? "the file is for its owner alone" : `${count} files are for their owner alone`;
}

/** Files that a sidecar makes for itself, as far as they are there. */
function listOwnFiles({
  api,
  audit,
  revocation,
  replay,
  publishedStatusLists,
  identityHeaders,
}: Configuration): readonly string[] {
  const stores = [revocation?.store, replay.store, publishedStatusLists?.store].flatMap((store) =>
    typeof store === "object" && "sqlite" in store ? [store.sqlite] : [],
  );
  const keys = identityHeaders.assertion?.keys;
  const folder = typeof keys?.store === "object" ? keys.store.directory : undefined;
  const backendFolder = keys?.backend?.["directory"];
  const folders = [folder, typeof backendFolder === "string" ? backendFolder : undefined];
  const files = [api?.tokenFile, audit?.pseudonymKeyFile, audit?.file?.signingKeyFile, ...stores];
  return [
    ...files.flatMap((path) => (path === undefined ? [] : [resolve(path)])),
    ...folders.flatMap((path) => (path === undefined ? [] : listFolder(resolve(path)))),
  ].filter((path) => existsSync(path));
}

function listFolder(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return files.slice(0, MAX_FILES).map(({ name }) => join(folder, name));
}

function isClosed(path: string, log: DoctorLog): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined || (status.mode & OTHERS) === 0) return status !== undefined;
  const mode = (status.mode & 0o777).toString(8);
  log.fail("secrets.permissions", {
    subject: path,
    detail: `others than its owner may use it (mode ${mode})`,
    remedy: `Run chmod 600 on it, and change what it holds if others use this machine.`,
  });
  return false;
}

function examineWriters(path: string, log: DoctorLog): void {
  const { mode } = statSync(path);
  if ((mode & OTHERS_WRITE) === 0) return;
  log.fail("secrets.permissions", {
    subject: path,
    detail: `others than its owner may write the configuration (mode ${(mode & 0o777).toString(8)})`,
    remedy: "Run chmod 644 on it: whoever writes it decides which issuers are trusted.",
  });
}

function examineShared({ issuers }: Configuration, log: DoctorLog): void {
  const shared = issuers.flatMap((issuer) =>
    "secrets" in issuer.keys ? [{ subject: nameIssuer(issuer), secrets: issuer.keys.secrets }] : [],
  );
  if (shared.length === 0) {
    log.pass("secrets.shared", { detail: "every issuer signs with a private key" });
    log.skip("secrets.strength", { detail: "no issuer shares a secret" });
  }
  for (const { subject, secrets } of shared) {
    log.warn("secrets.shared", {
      subject,
      detail: `whoever holds one of its ${secrets.length === 1 ? "secret" : `${secrets.length} secrets`}, this sidecar included, can make tokens`,
      remedy: "Have the issuer sign with ES256, Ed25519 or RS256, and publish its keys.",
    });
    for (const [index, secret] of secrets.entries()) {
      const bytes = "bytes" in secret ? secret.bytes : Buffer.from(secret.base64url, "base64url");
      examineStrength(`${subject}, secret ${secret.id ?? index}`, { bytes, log });
    }
  }
}

function examineStrength(
  subject: string,
  { bytes, log }: { readonly bytes: Uint8Array; readonly log: DoctorLog },
): void {
  const weakness = findWeakness(bytes);
  if (weakness === undefined) {
    log.pass("secrets.strength", { subject, detail: `${bytes.length} octets that look random` });
    return;
  }
  log.fail("secrets.strength", {
    subject,
    detail: weakness,
    remedy:
      "Make one with `openssl rand -base64 32`, for the issuer and here: a guessed secret makes any token.",
  });
}

/** Of 32 random octets fewer than half are different once in 10^9 times. */
const LEAST_VARIETY = 0.5;
const MOST_COUNTED = 32;

/** Why a secret cannot be random; undefined where nothing speaks against it. */
function findWeakness(bytes: Uint8Array): string | undefined {
  if (bytes.every((octet) => octet >= 0x20 && octet < 0x7f))
    return "the octets are printable text, as people write it";
  const counted = bytes.subarray(0, MOST_COUNTED);
  const variety = new Set(counted).size / counted.length;
  if (variety < LEAST_VARIETY) return "the octets repeat themselves";
  return undefined;
}
