import { readFileSync } from "node:fs";

/** The version of this package; the same in sources and in the build, both one folder below package.json. */
export function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
