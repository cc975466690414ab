/** The configuration of a back end, from a file or a command line: checked whole, every problem at once, no secret in it. */

import { readFileSync } from "node:fs";
import { ConfigurationError, type ConfigurationProblem } from "countersign";
import type { AwsKmsBackendOptions } from "./aws-kms/aws-kms-backend.ts";
import type { AzureKeyVaultBackendOptions } from "./azure-key-vault/azure-key-vault-backend.ts";
import { BACKENDS, type BackendName } from "./backend-table.ts";
import type { CallLimits } from "./bounded-calls.ts";
import type { FileBackendOptions } from "./file/file-backend.ts";
import { isCost } from "./file/sealed-key.ts";
import type { GoogleKmsBackendOptions } from "./google-kms/google-kms-backend.ts";
import type { Pkcs11BackendOptions } from "./pkcs11/pkcs11-backend.ts";
import {
  httpsUrl,
  matching,
  objectAt,
  oneOf,
  type Reading,
  type ReadMember,
  readMember,
  refuse,
  refuseOthers,
  wholeNumber,
} from "./read-members.ts";
import type { SecretReference } from "./secret-reference.ts";
import type { VaultTransitBackendOptions } from "./vault-transit/vault-transit-backend.ts";

/** What `readBackendOptions` accepts, for each back end. A file's `ca` stands there as `caFile`. */
export type BackendOptions =
  | ({ readonly backend: "file" } & FileBackendOptions)
  | ({ readonly backend: "pkcs11" } & Pkcs11BackendOptions)
  | ({ readonly backend: "aws-kms" } & AwsKmsBackendOptions)
  | ({ readonly backend: "google-kms" } & GoogleKmsBackendOptions)
  | ({ readonly backend: "azure-key-vault" } & AzureKeyVaultBackendOptions)
  | ({ readonly backend: "vault-transit" } & VaultTransitBackendOptions);

interface MemberRule {
  readonly read: ReadMember<unknown>;
  readonly required?: boolean;
  /** The option's name, where it is not the member's. */
  readonly as?: string;
}

type MemberRules = Readonly<Record<string, MemberRule>>;

const PATH = matching(/^[^\0]+$/, "Write a path");
const SEGMENT = "[A-Za-z0-9][A-Za-z0-9_-]{0,62}";
const RSA_BITS: MemberRule = { read: oneOf([2048, 3072, 4096]) };
const LIMITS: MemberRule = { read: readLimits };

const RULES: Readonly<Record<BackendName, MemberRules>> = {
  file: {
    directory: { read: PATH, required: true },
    passphrase: { read: readSecretReference, required: true },
    rsaBits: RSA_BITS,
    scryptCost: { read: readCost },
    limits: LIMITS,
  },
  pkcs11: {
    module: { read: matching(/^\/[^\0]+$/, "Write the module's absolute path"), required: true },
    token: {
      read: matching(/^[\x20-\x7e]{1,32}$/, "Write the token's label, 1 to 32 characters"),
      required: true,
    },
    pin: { read: readSecretReference, required: true },
    rsaBits: RSA_BITS,
    limits: LIMITS,
  },
  "aws-kms": {
    region: { read: matching(/^[a-z]{2}[a-z0-9-]{3,30}$/, 'Such as "eu-central-1"'), required: true },
    endpoint: { read: httpsUrl },
    rsaBits: RSA_BITS,
    deletionDays: { read: wholeNumber(7, 30) },
    limits: LIMITS,
  },
  "google-kms": {
    keyRing: {
      read: matching(
        new RegExp(`^projects/[a-z][a-z0-9.:-]{3,62}/locations/${SEGMENT}/keyRings/${SEGMENT}$`),
        'Such as "projects/p/locations/europe-west3/keyRings/r"',
      ),
      required: true,
    },
    protectionLevel: { read: oneOf(["SOFTWARE", "HSM"]) },
    credentialsFile: { read: PATH },
    endpoint: { read: httpsUrl },
    rsaBits: RSA_BITS,
    limits: LIMITS,
  },
  "azure-key-vault": {
    vaultUrl: { read: httpsUrl, required: true },
    hsm: { read: oneOf([true, false]) },
    caFile: { read: readCertificates, as: "ca" },
    rsaBits: RSA_BITS,
    limits: LIMITS,
  },
  "vault-transit": {
    address: { read: httpsUrl, required: true },
    token: { read: readSecretReference, required: true },
    mount: { read: matching(new RegExp(`^${SEGMENT}(?:/${SEGMENT}){0,7}$`), 'Such as "transit"') },
    namespace: { read: matching(new RegExp(`^${SEGMENT}(?:/${SEGMENT}){0,15}/?$`), 'Such as "team/a"') },
    caFile: { read: readCertificates, as: "ca" },
    rsaBits: RSA_BITS,
    limits: LIMITS,
  },
};

/**
 * Options for `createBackend`, from plain values such as those of a YAML file. `path` is where they stand, for messages.
 * @throws ConfigurationError with every problem.
 */
export function readBackendOptions(value: unknown, path: string = "backend"): BackendOptions {
  const problems: ConfigurationProblem[] = [];
  const reading = objectAt(value, { path, problems });
  const options = reading === undefined ? undefined : readOptions(reading);
  const [first, ...rest] = problems;
  if (first !== undefined) throw new ConfigurationError([first, ...rest]);
  return options as unknown as BackendOptions;
}

function readOptions(reading: Reading): Readonly<Record<string, unknown>> {
  const names = BACKENDS.map(({ name }) => name);
  const backend = readMember(reading, { name: "backend", read: oneOf(names), required: true });
  if (backend === undefined) return {};
  const rules = RULES[backend];
  refuseOthers(reading, ["backend", ...Object.keys(rules)]);
  const options: Record<string, unknown> = { backend };
  for (const [name, { as = name, ...rule }] of Object.entries(rules)) {
    const option = readMember(reading, { name, ...rule });
    if (option !== undefined) options[as] = option;
  }
  return options;
}

function readSecretReference(
  value: unknown,
  place: Parameters<ReadMember<unknown>>[1],
): SecretReference | undefined {
  const remedy = "Write { env: NAME } or { file: PATH }: the value itself has no place in a configuration";
  if (typeof value === "object" && value !== null) {
    const [[kind, target] = [], ...others] = Object.entries(value) as [string, unknown][];
    const isText = typeof target === "string" && target !== "" && others.length === 0;
    if (isText && kind === "file") return { file: target };
    if (isText && kind === "env" && /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(target)) return { env: target };
  }
  return refuse(place, { problem: "expected where the secret stands", remedy });
}

function readCost(value: unknown, place: Parameters<ReadMember<unknown>>[1]): number | undefined {
  if (isCost(value)) return value;
  return refuse(place, { problem: "expected a power of two", remedy: "From 32768 to 262144" });
}

function readLimits(value: unknown, place: Parameters<ReadMember<unknown>>[1]): CallLimits | undefined {
  const reading = objectAt(value, place);
  if (reading === undefined) return undefined;
  refuseOthers(reading, ["timeoutMs", "maxConcurrent", "maxQueued"]);
  const timeoutMs = readMember(reading, { name: "timeoutMs", read: wholeNumber(100, 60_000) });
  const maxConcurrent = readMember(reading, { name: "maxConcurrent", read: wholeNumber(1, 256) });
  const maxQueued = readMember(reading, { name: "maxQueued", read: wholeNumber(0, 10_000) });
  return {
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(maxConcurrent !== undefined && { maxConcurrent }),
    ...(maxQueued !== undefined && { maxQueued }),
  };
}

function readCertificates(value: unknown, place: Parameters<ReadMember<unknown>>[1]): string | undefined {
  const path = PATH(value, place);
  if (path === undefined) return undefined;
  try {
    const text = readFileSync(path, "utf8");
    if (text.includes("-----BEGIN CERTIFICATE-----") && text.length <= 1_048_576) return text;
  } catch {
    // Told below.
  }
  return refuse(place, {
    problem: "expected a file of certificates (PEM)",
    remedy: "Check the path and its content",
  });
}
