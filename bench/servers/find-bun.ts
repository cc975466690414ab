import { existsSync } from "node:fs";
import { locateRuntime } from "../../tools/install-runtime.ts";
import { RUNTIMES } from "../../tools/runtime-table.ts";
import { ProgramMissing } from "./find-program.ts";

/** Program and version. @throws ProgramMissing where it was never installed here. */
export function requireBun(): { readonly program: string; readonly runtime: string } {
  const bun = RUNTIMES.find(({ name }) => name === "bun");
  const program = bun === undefined ? "" : locateRuntime(bun);
  if (!existsSync(program))
    throw new ProgramMissing("bun is not installed; `npm run runtimes -- bun --suite-only` brings it");
  return { program, runtime: `bun ${bun?.installs?.split("@").at(-1) ?? ""}` };
}
