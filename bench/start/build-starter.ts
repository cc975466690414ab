import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** "installed": packages are loaded as they lie in node_modules. "bundled": one minified file. */
export type StarterForm = "installed" | "bundled";

export interface Starter {
  readonly file: string;
  /** With gzip, everything that is loaded; only where it is bundled. */
  readonly bytes: number | undefined;
}

const HERE = fileURLToPath(new URL(".", import.meta.url));
/** Under the root, so that packages are found from there. */
const FOLDER = fileURLToPath(new URL("../../.cache/bench", import.meta.url));

/** @param subject A file of `in-process/subjects`, without ending; undefined for a process that does nothing. */
export async function buildStarter(subject: string | undefined, form: StarterForm): Promise<Starter> {
  const imported =
    subject === undefined
      ? "const create = undefined;"
      : `import { create } from "../in-process/subjects/${subject}.ts";`;
  const { outputFiles } = await build({
    stdin: {
      contents: `${imported} import { judgeFirstToken } from "./first-token.ts"; void judgeFirstToken(create);`,
      resolveDir: HERE,
      loader: "ts",
    },
    bundle: true,
    write: false,
    minify: form === "bundled",
    platform: "node",
    ...(form === "bundled"
      ? { format: "cjs" as const, conditions: ["@countersign/source", "node"] }
      : { format: "esm" as const, packages: "external" as const }),
  });
  const octets = outputFiles[0]?.contents ?? new Uint8Array();
  const ending = form === "bundled" ? "cjs" : "mjs";
  const file = path.join(FOLDER, `start-${subject ?? "nothing"}-${form}.${ending}`);
  if (!existsSync(FOLDER)) mkdirSync(FOLDER, { recursive: true });
  writeFileSync(file, octets);
  return { file, bytes: form === "bundled" ? gzipSync(octets).length : undefined };
}
