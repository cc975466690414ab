/** From the text of a configuration file to a `Configuration`, or to every problem in it. */

import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { ConfigurationProblem } from "countersign";
import { ConfigurationError } from "countersign";
import * as z from "zod";

import { checkIssuers } from "./check-issuers.ts";
import type { Configuration, ListenAddress, ListenersConfiguration } from "./configuration.ts";
import { findContradictions } from "./contradictions.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { describeIssues } from "./describe-issues.ts";
import type { FileConfiguration } from "./file-configuration.ts";
import { findEncryptionProblems } from "./file-decrypter.ts";
import { issuerSchema } from "./issuer-schema.ts";
import { chooseExtAuthzListener, chooseProxyListener, parseListenAddress } from "./listen-address.ts";
import { parseYaml } from "./parse-yaml.ts";
import type { ReferenceSources } from "./references.ts";
import { resolveReferences } from "./references.ts";
import { apiSchema } from "./revocation-schema.ts";
import { configurationSchema } from "./schema.ts";
import { listUpstreams } from "./upstreams.ts";
import {
  listIntrospected,
  listStatusLists,
  toIssuerOptions,
  toValidatorOptions,
} from "./validator-options.ts";

/** Either a usable configuration, or at least one problem. */
export type ConfigurationReading =
  | { readonly ok: true; readonly configuration: Configuration }
  | { readonly ok: false; readonly problems: readonly [ConfigurationProblem, ...ConfigurationProblem[]] };

const DEFAULT_API = apiSchema.parse({});
const MAX_FILE_BYTES = 1_048_576;

/**
 * Parses a configuration. Starts nothing and fetches nothing; reads only files that it refers to.
 * @throws ConfigurationError with every problem at once.
 */
export function parseConfiguration(text: string, sources: ReferenceSources): Configuration {
  const reading = readConfiguration(text, sources);
  if (!reading.ok) throw new ConfigurationError(reading.problems);
  return reading.configuration;
}

/**
 * Reads a configuration file of at most 1 MiB, with this process's environment.
 * @throws ConfigurationError, also where the file cannot be read.
 */
export async function loadConfiguration(path: string): Promise<Configuration> {
  const text = await readConfigurationFile(path);
  return parseConfiguration(text, { env: process.env, baseDir: dirname(resolve(path)) });
}

/** @throws ConfigurationError where the file cannot be read or is longer than 1 MiB. */
export async function readConfigurationFile(path: string): Promise<string> {
  const refuse = (problem: string, remedy: string): never => {
    throw new ConfigurationError([{ path, problem, remedy }]);
  };
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES)
      return refuse(`${size} bytes, more than ${MAX_FILE_BYTES}`, "Name a configuration file.");
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return refuse(`cannot be read (${code})`, "Check the path and its permissions.");
  }
}

/** As `parseConfiguration`, with the problems as a value. */
export function readConfiguration(text: string, sources: ReferenceSources): ConfigurationReading {
  const yaml = parseYaml(text);
  if (!yaml.ok) return { ok: false, problems: yaml.problems };
  const { value, problems: unresolved } = resolveReferences(yaml.value, sources);
  const parsed = configurationSchema.safeParse(value);
  const problems = [
    ...unresolved,
    ...(parsed.success ? findContradictions(parsed.data) : describeIssues(parsed.error.issues, value)),
    ...(unresolved.length > 0 ? [] : checkIssuersOf(value)),
  ];
  const [first, ...others] = problems;
  if (first !== undefined) return { ok: false, problems: [first, ...others] };
  if (!parsed.success) throw new TypeError("the schema refused a configuration without an issue");
  return { ok: true, configuration: deepFreeze(toConfiguration(parsed.data)) };
}

/** Where the issuers have their shape, the library checks them, whatever is wrong elsewhere. */
function checkIssuersOf(value: unknown): readonly ConfigurationProblem[] {
  const part = z
    .object({
      issuers: z.array(issuerSchema).min(1).max(100),
      limits: z.object({ tokenBytes: z.number().exactOptional() }).default({}),
    })
    .safeParse(value);
  if (!part.success) return [];
  const { issuers, limits } = part.data;
  const problems = findEncryptionProblems(issuers);
  if (problems.length > 0) return problems;
  return checkIssuers(toValidatorOptions({ issuers: issuers.map(toIssuerOptions), limits }));
}

function toConfiguration(file: FileConfiguration): Configuration {
  const { resource, ...rest } = file;
  return {
    ...rest,
    ...(file.revocation !== undefined && { api: file.api ?? DEFAULT_API }),
    listeners: toListeners(file),
    issuers: file.issuers.map(toIssuerOptions),
    introspection: listIntrospected(file.issuers),
    statusLists: listStatusLists(file.issuers),
    ...(resource !== undefined && {
      resource: typeof resource === "string" ? { identifier: resource } : resource,
    }),
  };
}

function toListeners(file: FileConfiguration): ListenersConfiguration {
  const { listeners } = file;
  const decision = toAddress(listeners.decision);
  const extAuthz = toAddress(chooseExtAuthzListener(listeners));
  const proxy = toAddress(chooseProxyListener(listeners.proxy, listUpstreams(file)));
  const admin = toAddress(listeners.admin);
  if (admin === undefined) throw new TypeError("the schema let a malformed address pass");
  return {
    ...(decision === undefined ? {} : { decision }),
    ...(extAuthz === undefined ? {} : { extAuthz }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(typeof listeners.proxy === "object" &&
      listeners.proxy.tls !== undefined && { proxyTls: listeners.proxy.tls }),
    admin,
  };
}

function toAddress(text: string): ListenAddress | undefined {
  return text === "off" ? undefined : parseListenAddress(text);
}
