/** Asks a server for a while, from the other core. */

import { findProgram } from "../find-program.ts";
import { loadByNode } from "./load-by-node.ts";
import { loadByWrk } from "./load-by-wrk.ts";
import {
  type AskServer,
  CONNECTIONS,
  type LoadPlan,
  type LoadRequest,
  type LoadResult,
} from "./load-plan.ts";

/** wrk counts whole seconds. */
const WRK_LEAST_MS = 1000;

/** What asks, for people. */
export function describeLoad(): string {
  const program = findProgram("wrk") === undefined ? "a loop over undici (wrk is not installed)" : "wrk";
  return `${CONNECTIONS} connections of ${program}`;
}

/** @throws Error, once asked, where an answer has another status. */
export function askHttp(request: LoadRequest): AskServer {
  // Each turn goes on where the last ended: else a slow server would never see most of the tokens.
  const asked = new Map<string, number>();
  return async ({ address }, durationMs) => {
    const skip = asked.get(address) ?? 0;
    const result = await load({ ...request, address, durationMs, skip });
    asked.set(address, skip + result.requests);
    return result;
  };
}

async function load(plan: LoadPlan): Promise<LoadResult> {
  const wrk = plan.durationMs < WRK_LEAST_MS ? undefined : findProgram("wrk");
  const result = await (wrk === undefined ? loadByNode(plan) : loadByWrk(wrk, plan));
  if (result.unexpected > 0) {
    const { unexpected, requests } = result;
    throw new Error(`${unexpected} of ${requests} answers of ${plan.path} were not ${plan.status}`);
  }
  return result;
}
