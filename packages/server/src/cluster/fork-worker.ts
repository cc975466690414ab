/** Starts a worker of node's cluster: it shares the listeners of its primary, which hands connections out in turn. */

import type { Worker } from "node:cluster";
import cluster from "node:cluster";
import { fileURLToPath } from "node:url";

// As sources in development, compiled in a package.
const EXTENSION = import.meta.url.endsWith(".ts") ? "ts" : "js";
const WORKER_MODULE = fileURLToPath(new URL(`./worker-main.${EXTENSION}`, import.meta.url));

/** Options of node that would make a worker do something else than its work, some with a value of their own. */
const NOT_FOR_WORKERS = /^(?:--test|--watch|--eval|--print|--check|--interactive|--prof|-[epci]$|-pe$)/;
const WITH_VALUE: ReadonlySet<string> = new Set(["--eval", "-e", "--print", "-p", "-pe"]);

/** @throws Error where this process is itself a worker. */
export function forkWorker(): Worker {
  if (!cluster.isPrimary) {
    throw new Error("a worker of node's cluster cannot have workers: set `workers: 1`");
  }
  // Each time, for whoever else uses the cluster of this process may have settings of its own.
  cluster.setupPrimary({
    exec: WORKER_MODULE,
    args: [],
    execArgv: chooseExecArguments(process.execArgv),
    serialization: "advanced",
    silent: false,
  });
  return cluster.fork();
}

/** Node's options for a worker of a process that has these. */
export function chooseExecArguments(execArguments: readonly string[]): string[] {
  const chosen: string[] = [];
  for (let index = 0; index < execArguments.length; index++) {
    const argument = execArguments[index] ?? "";
    if (!NOT_FOR_WORKERS.test(argument)) chosen.push(argument);
    else if (WITH_VALUE.has(argument)) index++;
  }
  return chosen;
}
