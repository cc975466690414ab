/** Counts what a validation costs: signature checks and requests to the network. */

import { AsyncLocalStorage } from "node:async_hooks";
import { mock } from "node:test";
import { platform } from "../../packages/engine/src/platform/node.ts";

export interface Work {
  /** Calls of the back end's verify: public-key operations and MACs. */
  readonly cryptoCalls: number;
  /** Calls of the runtime's fetch, with what they asked for. */
  readonly fetched: readonly string[];
}

/** Sidecars of other tests of the same process fetch keys in the background: only what the task causes counts. */
const running = new AsyncLocalStorage<string[]>();

/** Runs `task` alone (no other validation meanwhile) and gives its result with the work that it did. */
export async function measureWork<T>(
  task: () => T | Promise<T>,
): Promise<{ readonly result: T; readonly work: Work }> {
  const verify = mock.method(platform, "verify");
  const fetched: string[] = [];
  const fetching = mock.method(globalThis, "fetch", (input: unknown) => {
    running.getStore()?.push(String(input));
    return Promise.reject(new Error("no network in this test"));
  });
  try {
    const result = await running.run(fetched, task);
    return { result, work: { cryptoCalls: verify.mock.callCount(), fetched } };
  } finally {
    verify.mock.restore();
    fetching.mock.restore();
  }
}
