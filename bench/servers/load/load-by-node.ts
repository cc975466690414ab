import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { INHERITED_OPTIONS } from "../../inherited-options.ts";
import { pinCommand } from "../pin-command.ts";
import type { GrpcLoadPlan, LoadPlan, LoadResult } from "./load-plan.ts";

const execute = promisify(execFile);

/** For turns shorter than a second, and where wrk is not installed. */
export function loadByNode(plan: LoadPlan): Promise<LoadResult> {
  return run(new URL("./load-process.ts", import.meta.url), plan);
}

export async function loadGrpc(plan: GrpcLoadPlan): Promise<LoadResult> {
  const result = await run(new URL("./grpc-load-process.ts", import.meta.url), plan);
  if (result.unexpected > 0) throw new Error(`${result.unexpected} of ${result.requests} calls were refused`);
  return result;
}

async function run(script: URL, plan: LoadPlan | GrpcLoadPlan): Promise<LoadResult> {
  const [program = "", ...parameters] = pinCommand(
    [process.execPath, ...INHERITED_OPTIONS, fileURLToPath(script), JSON.stringify(plan)],
    "load",
  );
  return JSON.parse((await execute(program, parameters)).stdout) as LoadResult;
}
