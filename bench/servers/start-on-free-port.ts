import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { findFreePort } from "../../test/kit/free-port.ts";
import type { RunningServer, ServerSite } from "./server.ts";
import { startProcess } from "./start-process.ts";

export interface ServerPlan {
  /** The program first. */
  readonly command: readonly string[];
  /** Program and version. */
  readonly runtime: string;
  /** Text of each file that is put into the site's folder first. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts one process that listens on a port of its own. */
export async function startOnFreePort(
  site: ServerSite,
  plan: (port: number) => ServerPlan,
): Promise<RunningServer> {
  const port = await findFreePort();
  const { command, runtime, files = {}, env = {} } = plan(port);
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(site.folder, name), text);
  const place = site.cores ?? "server";
  const { processId, address, close } = await startProcess({
    command,
    folder: site.folder,
    port,
    place,
    env,
  });
  return { runtime, address, processIds: [processId], close };
}

/** First dotted number that a program says of its version, behind its name. */
export function describeProgram(name: string, command: readonly string[]): string {
  const [program = "", ...parameters] = command;
  // nginx says it on its standard error.
  const said = execFileSync("sh", ["-c", '"$0" "$@" 2>&1', program, ...parameters], { encoding: "utf8" });
  return `${name} ${/\d+(?:\.\d+)+/.exec(said)?.[0] ?? ""}`.trim();
}
