import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

export type Engine = typeof import("countersign");

/** The engine as a bundler for browsers and Workers builds it: one file, with the WebCrypto back end. */
export async function loadWebEngine(): Promise<Engine> {
  const entry = fileURLToPath(new URL("../../packages/engine/src/index.ts", import.meta.url));
  const bundle = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2023",
    platform: "neutral",
    conditions: ["@countersign/source"],
    metafile: true,
  });
  const inputs = Object.keys(bundle.metafile.inputs);
  if (inputs.some((name) => name.endsWith("platform/node.ts")))
    throw new Error("The bundle has the Node back end");
  const folder = mkdtempSync(path.join(tmpdir(), "countersign-web-"));
  try {
    const file = path.join(folder, "engine.mjs");
    writeFileSync(file, bundle.outputFiles[0]?.text ?? "");
    return (await import(pathToFileURL(file).href)) as Engine;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
