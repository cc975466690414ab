/** Finds imports that go upward or sideways in the house of `layers.ts`. */

import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Finding } from "./finding.ts";
import { LAYERS, type PackageLayers } from "./layers.ts";
import { readModuleImports } from "./module-imports.ts";

const RULE = "a folder imports lower floors only (tools/layers.ts)";

/** The folder or file directly under `src` that a path belongs to. */
function roomOf(relativePath: string): string {
  const [first = ""] = relativePath.split(path.sep);
  return first.replace(/\.tsx?$/, "");
}

function floorOf(layers: PackageLayers, relativePath: string): number {
  const floor = layers.floors.findIndex((rooms) => rooms.includes(roomOf(relativePath)));
  const isRootFile = !relativePath.includes(path.sep);
  return floor === -1 && isRootFile && layers.unnamedFiles === "top" ? layers.floors.length : floor;
}

/** The imported file, relative to `src`; undefined for another package. */
function resolveTarget(layers: PackageLayers, from: string, specifier: string): string | undefined {
  const alias = layers.aliases?.[specifier];
  if (alias !== undefined) return path.join(alias, "index.ts");
  return specifier.startsWith(".") ? path.join(path.dirname(from), specifier) : undefined;
}

function checkImport(layers: PackageLayers, from: string, specifier: string): string | undefined {
  const target = resolveTarget(layers, from, specifier);
  if (target === undefined) return undefined;
  if (target.startsWith(".."))
    return `imports ${specifier}, outside its package's src: import the package by name`;
  if (layers.floors.length === 0 || roomOf(target) === roomOf(from)) return undefined;
  const [here, there] = [floorOf(layers, from), floorOf(layers, target)];
  if (there === -1) return `imports ${specifier}, which stands on no floor: name it in tools/layers.ts`;
  // Files above all floors form one floor of their own and may know each other; Biome refuses their cycles.
  if (there < here || (there === here && here === layers.floors.length)) return undefined;
  const direction = there === here ? "beside" : "above";
  return `${roomOf(from)} imports ${roomOf(target)}, which stands ${direction} it: ${RULE}`;
}

function checkFile(layers: PackageLayers, source: string, file: string): Finding[] {
  const findings: Finding[] = [];
  const at = path.join("packages", layers.folder, "src", file);
  if (layers.floors.length > 0 && floorOf(layers, file) === -1) {
    findings.push({ path: at, line: 1, message: "stands on no floor: name its folder in tools/layers.ts" });
  }
  for (const { specifier, line } of readModuleImports({
    path: file,
    text: readFileSync(path.join(source, file), "utf8"),
  })) {
    const message =
      specifier === undefined
        ? "imports a module by a computed name, which no check can follow: write the name out"
        : checkImport(layers, file, specifier);
    if (message !== undefined) findings.push({ path: at, line, message });
  }
  return findings;
}

/** @throws Error where a package of the table has no sources: a check that reads nothing must not pass. */
export function checkLayers(root: string): Finding[] {
  return LAYERS.flatMap((layers) => {
    const source = path.join(root, "packages", layers.folder, "src");
    const files = globSync("**/*.{ts,tsx}", { cwd: source });
    if (files.length === 0) throw new Error(`no sources in ${source}`);
    return files.sort().flatMap((file) => checkFile(layers, source, file));
  });
}
