import { mkdirSync } from "node:fs";
import path from "node:path";
import { findProgram } from "./find-program.ts";
import { createBareNginx } from "./kinds/nginx.ts";
import { createNodeServer } from "./kinds/node.ts";
import type { RunningServer, ServerSite } from "./server.ts";

/** What proxies forward to: a fixed answer, from the core of those who ask, and as cheap as can be had here. */
export async function startUpstream(facts: Omit<ServerSite, "cores" | "upstream">): Promise<RunningServer> {
  const folder = path.join(facts.folder, `upstream-${crypto.randomUUID()}`);
  mkdirSync(folder);
  const kind =
    findProgram("nginx") === undefined
      ? createNodeServer({ subject: "upstream", script: "http" })
      : createBareNginx({ forwards: false });
  return await kind.start({ ...facts, folder, cores: "load", upstream: "127.0.0.1:1" });
}
