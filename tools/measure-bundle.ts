/** How large the engine is for whoever bundles `createValidator`: `node tools/measure-bundle.ts [--floors]`. */

import path from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

export type BundlePlatform = "node" | "web";

export interface BundleSize {
  /** Minified. */
  readonly bytes: number;
  readonly gzipBytes: number;
  /** Minified bytes of each folder of the engine, and of "" for the files beside them. */
  readonly floors: ReadonlyMap<string, number>;
}

const ROOT = path.resolve(import.meta.dirname, "..");
const ENGINE = "packages/engine/src/";
const CONDITIONS: Readonly<Record<BundlePlatform, string[]>> = {
  node: ["@countersign/source", "node"],
  web: ["@countersign/source", "workerd", "worker", "browser"],
};

const VALIDATOR = 'export { createValidator } from "countersign";';

/** Bundles `contents`, by default `createValidator` and nothing else, as a user's bundler does. */
export async function measureBundle(
  platform: BundlePlatform,
  contents: string = VALIDATOR,
): Promise<BundleSize> {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents,
      resolveDir: path.join(ROOT, "packages/server"),
    },
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: platform === "node" ? "node" : "neutral",
    conditions: CONDITIONS[platform],
  });
  const [output] = Object.values(metafile.outputs);
  const [file] = outputFiles;
  if (output === undefined || file === undefined) throw new Error("esbuild wrote nothing");
  const floors = new Map<string, number>();
  for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
    const [folder = "", ...rest] = input.replace(ENGINE, "").split("/");
    const floor = rest.length === 0 ? "" : folder;
    floors.set(floor, (floors.get(floor) ?? 0) + bytesInOutput);
  }
  return { bytes: output.bytes, gzipBytes: gzipSync(file.contents).length, floors };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const platform of ["node", "web"] as const) {
    const { bytes, gzipBytes, floors } = await measureBundle(platform);
    process.stdout.write(`${platform}: ${bytes} bytes minified, ${gzipBytes} with gzip\n`);
    if (!process.argv.includes("--floors")) continue;
    for (const [floor, size] of [...floors].sort(([, left], [, right]) => right - left)) {
      process.stdout.write(`  ${String(size).padStart(6)} ${floor === "" ? "(top)" : floor}\n`);
    }
  }
}
