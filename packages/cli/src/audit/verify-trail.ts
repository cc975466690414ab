import { createPublicKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";

import type { ChainQuestion, ChainReport } from "@countersign/server";
import { listTrailFiles, loadConfiguration, verifyChain } from "@countersign/server";
import { ConfigurationError } from "countersign";

import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-code.ts";
import { describeFileError } from "../file-error.ts";
import { describeConfigurationError } from "../output/configuration-problems.ts";

export interface TrailFlags extends Pick<ChainQuestion, "anchor"> {
  readonly config?: string;
  readonly key?: string;
  readonly live?: true;
}

export interface VerifiedTrail {
  readonly report: ChainReport;
  readonly paths: readonly string[];
}

/** @throws CommandFailure where files or key cannot be had. */
export async function verifyTrail(files: readonly string[], flags: TrailFlags): Promise<VerifiedTrail> {
  const configured = flags.config === undefined ? undefined : await readConfigured(flags.config);
  const keyPath = flags.key ?? configured?.signingKeyFile;
  if (keyPath === undefined) {
    throw usage(
      "say which key signed the trail",
      "with --config, or with --key and a PEM file; the file's own word for it proves nothing",
    );
  }
  const key = await readKey(keyPath);
  const paths = files.length > 0 ? files : await listConfigured(configured?.path);
  const { anchor, live } = flags;
  try {
    const report = await verifyChain({ paths, key, isLive: live === true, ...(anchor && { anchor }) });
    return { report, paths };
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw usage(`the trail cannot be read: ${describeFileError(error)}`);
  }
}

async function readConfigured(
  path: string,
): Promise<{ readonly path: string; readonly signingKeyFile: string } | undefined> {
  const { audit } = await loadConfiguration(path).catch((error: unknown) => {
    throw error instanceof ConfigurationError ? describeConfigurationError(error, path) : error;
  });
  if (audit?.file === undefined) throw usage(`${path} has no \`audit.file\``);
  return audit.file;
}

async function listConfigured(active: string | undefined): Promise<readonly string[]> {
  if (active === undefined)
    throw usage(
      "name the files of the trail, oldest first",
      "or the configuration that says where they are, with --config",
    );
  const paths = await listTrailFiles(active).catch((error: unknown) => {
    throw usage(`the trail's folder cannot be read: ${describeFileError(error)}`);
  });
  if (paths.length === 0) throw usage(`there is no trail at ${active}`);
  return paths;
}

async function readKey(path: string): Promise<KeyObject> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw usage(`the key cannot be read: ${describeFileError(error)}`);
  });
  try {
    const key = createPublicKey(text);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // Told below.
  }
  throw usage("the key file holds no Ed25519 key in PEM");
}

function usage(message: string, ...hints: readonly string[]): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT.usage, hints });
}
