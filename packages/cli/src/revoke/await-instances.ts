/** Waits until every live instance has applied a position of the feed. */

import { setTimeout as pause } from "node:timers/promises";

import { CommandFailure } from "../command-failure.ts";
import type { ApiClient } from "./api-client.ts";

export interface InstanceLine {
  readonly id: string;
  readonly state: "live" | "silent";
  readonly position: number;
  readonly silentSeconds: number;
}

export interface WaitOutcome {
  /** Instances that are live and have applied it. */
  readonly acknowledged: readonly string[];
  /** Live ones that have not. */
  readonly missing: readonly InstanceLine[];
  /** Those that were not heard of for longer than `maxStaleSeconds`, and have not. */
  readonly silent: readonly InstanceLine[];
}

const PAUSE_MS = 50;

/** Ends when all have, or the time is over. */
export async function awaitInstances(
  api: ApiClient,
  { position, timeoutMs }: { readonly position: number; readonly timeoutMs: number },
): Promise<WaitOutcome> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const outcome = await readOutcome(api, position).catch((error: unknown) => {
      // A store that is away for a moment says nothing about the instances.
      if (error instanceof CommandFailure && performance.now() < deadline) return undefined;
      throw error;
    });
    if (outcome !== undefined && outcome.missing.length === 0 && outcome.acknowledged.length > 0)
      return outcome;
    if (performance.now() >= deadline && outcome !== undefined) return outcome;
    await pause(PAUSE_MS);
  }
}

async function readOutcome(api: ApiClient, position: number): Promise<WaitOutcome> {
  const { text } = await api.ask({ path: "/instances" });
  const { instances } = JSON.parse(text) as { readonly instances: readonly InstanceLine[] };
  const behind = instances.filter((instance) => instance.position < position);
  return {
    acknowledged: instances
      .filter((instance) => instance.state === "live" && instance.position >= position)
      .map(({ id }) => id),
    missing: behind.filter(({ state }) => state === "live"),
    silent: behind.filter(({ state }) => state === "silent"),
  };
}
