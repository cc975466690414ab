import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { pinCommand } from "../pin-command.ts";
import { CONNECTIONS, type LoadPlan, type LoadResult } from "./load-plan.ts";

const SCRIPT = fileURLToPath(new URL("./wrk.lua", import.meta.url));
/** Share of requests whose connection may end under them: the server's right, seen in passing with Apache. */
const MOST_BROKEN = 0.01;
const execute = promisify(execFile);

interface WrkReport {
  readonly requests: number;
  readonly wallMicros: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly above399: number;
  readonly broken: number;
}

/** @throws Error where many connections break or time out. */
export async function loadByWrk(wrk: string, plan: LoadPlan): Promise<LoadResult> {
  const seconds = Math.round(plan.durationMs / 1000);
  const [program = "", ...parameters] = pinCommand(
    [
      ...[
        wrk,
        "--threads=1",
        `--connections=${plan.connections ?? CONNECTIONS}`,
        `--duration=${seconds}s`,
        `--script=${SCRIPT}`,
      ],
      `http://${plan.address}${plan.path}`,
      "--",
      ...[plan.tokenFile ?? "-", String(plan.skip), ...Object.entries(plan.headers).flat()],
    ],
    "load",
  );
  const { stdout } = await execute(program, parameters);
  const { above399, broken, ...figures } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as WrkReport;
  if (broken > figures.requests * MOST_BROKEN) throw new Error(`${broken} requests to ${plan.path} broke`);
  // All that wrk tells apart.
  return { ...figures, unexpected: plan.status > 399 ? figures.requests - above399 : above399 };
}
