/** Bundles the suite for workerd, runs it there, and prints the report as one line of JSON. */

import path from "node:path";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

/** Conditions as a bundler for Workers sets them, and ours for the sources. */
const CONDITIONS = ["@countersign/source", "workerd", "worker", "browser"];

const bundle = await build({
  entryPoints: [path.join(import.meta.dirname, "worker-entry.ts")],
  bundle: true,
  write: false,
  format: "esm",
  target: "es2023",
  platform: "neutral",
  conditions: CONDITIONS,
});
const [script] = bundle.outputFiles;
if (script === undefined) throw new Error("esbuild wrote no file");

const miniflare = new Miniflare({
  modules: true,
  script: script.text,
  compatibilityDate: "2026-07-01",
});
try {
  const response = await miniflare.dispatchFetch("http://suite.example/");
  if (response.status !== 200)
    throw new Error(`workerd answered ${response.status}: ${await response.text()}`);
  console.log(await response.text());
} finally {
  await miniflare.dispose();
}
