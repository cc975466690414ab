/** A server in Go: bare, and with golang-jwt. Built here from `servers/go`. */

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { AUDIENCE, ISSUER } from "../../tokens/key-material.ts";
import { ProgramMissing, requireProgram } from "../find-program.ts";
import type { ServerKind } from "../server.ts";
import { describeProgram, startOnFreePort } from "../start-on-free-port.ts";

const SOURCE = fileURLToPath(new URL("../go", import.meta.url));
const BUILT = fileURLToPath(new URL("../../../.cache/bench/go-verifier", import.meta.url));

export interface GolangOptions {
  readonly judges: boolean;
  readonly forwards: boolean;
}

export function createGolang({ judges, forwards }: GolangOptions): ServerKind {
  return {
    subject: judges ? "golang-jwt" : "floor",
    needs: "go",
    start: (site) => {
      const runtime = build();
      return startOnFreePort(site, (port) => ({
        command: [
          ...[BUILT, "-listen", `127.0.0.1:${port}`, "-algorithm", site.key.algorithm],
          ...["-issuer", ISSUER, "-audience", AUDIENCE],
          ...(judges ? ["-key", `${site.folder}/key.pem`] : []),
          ...(forwards ? ["-upstream", site.upstream] : []),
        ],
        runtime,
        files: { "key.pem": site.key.pem },
        // As many as it has cores, which it does not find out by itself in every version.
        env: { GOMAXPROCS: "1" },
      }));
    },
  };
}

/** Go's own cache makes this quick the second time. @returns program and version */
function build(): string {
  const go = requireProgram("go", "its own installer brings it");
  mkdirSync(path.dirname(BUILT), { recursive: true });
  try {
    execFileSync(go, ["build", "-o", BUILT, "."], { cwd: SOURCE, stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    throw new ProgramMissing(`golang-jwt cannot be built here: ${String(error)}`);
  }
  return describeProgram("go", [go, "version"]);
}
