/** Checks the package.json files against each other: one version, exact pins, a license in every published package. */

import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Finding } from "./finding.ts";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly private?: boolean;
  readonly files?: readonly string[];
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const PUBLISHED_FILES = ["dist", "README.md", "LICENSE"];

function readManifest(root: string, folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(root, folder, "package.json"), "utf8")) as Manifest;
}

function checkPins(manifest: Manifest): string[] {
  const pins = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
  return Object.entries(pins)
    .filter(([, version]) => !/^(?:npm:(?:@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    .map(([name, version]) => `asks for ${name} "${version}": pin one exact version`);
}

function checkPublished(root: string, folder: string, manifest: Manifest): string[] {
  const problems: string[] = [];
  if (manifest.license !== "Apache-2.0") problems.push('has no "license": "Apache-2.0"');
  for (const file of PUBLISHED_FILES) {
    if (manifest.files?.includes(file) !== true) problems.push(`does not list ${file} in "files"`);
    if (file !== "dist" && !existsSync(path.join(root, folder, file)))
      problems.push(`has no ${file} to publish`);
  }
  const license = path.join(root, folder, "LICENSE");
  const same =
    existsSync(license) && readFileSync(license, "utf8") === readFileSync(path.join(root, "LICENSE"), "utf8");
  if (!same && existsSync(license)) problems.push("has a LICENSE that differs from the repository's");
  return problems;
}

export function checkManifests(root: string): Finding[] {
  const { version, workspaces = [] } = readManifest(root, ".");
  const folders = globSync([...workspaces], { cwd: root }).filter((folder) =>
    existsSync(path.join(root, folder, "package.json")),
  );
  const ours = new Set(folders.map((folder) => readManifest(root, folder).name));
  return [".", ...folders.sort()].flatMap((folder) => {
    const manifest = readManifest(root, folder);
    const problems = checkPins(manifest);
    if (manifest.version !== version)
      problems.push(`has version ${manifest.version}, the repository ${version}: keep one version`);
    for (const [name, asked] of Object.entries(manifest.dependencies ?? {})) {
      if (ours.has(name) && asked !== version) problems.push(`asks for ${name} ${asked}, here is ${version}`);
    }
    if (manifest.private !== true) problems.push(...checkPublished(root, folder, manifest));
    return problems.map((message) => ({ path: path.join(folder, "package.json"), line: 1, message }));
  });
}
