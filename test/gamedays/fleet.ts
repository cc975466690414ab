/** Three sidecars with one store of revocations, one of them behind a fault proxy, and what watches them. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createTestIssuer, type TestIssuer } from "countersign/testing";
import { FaultProxy } from "../../packages/cli/src/gameday/faults/fault-proxy.ts";
import { startRedis } from "../../packages/server/test/kit/start-redis.ts";
import { awaitReady } from "../drills/revocation/faults.ts";
import { Instance } from "../drills/revocation/instance.ts";
import { WATCHDOG } from "../kit/start-monitoring.ts";
import { type OnStop, until } from "./scenario.ts";

export interface Fleet {
  readonly issuer: TestIssuer;
  readonly instances: readonly Instance[];
  /** The one whose way to the store is `wayToStore`. */
  readonly cut: Instance;
  readonly wayToStore: FaultProxy;
}

/** After so long without the feed, `/fresh` is answered 503. */
export const MAX_STALE_SECONDS = 3;

const RULES = new URL("../../operations/rules/revocation.rules.yml", import.meta.url);
const SEEN_CANARY = /^countersign_revocation_canary_issued_timestamp_seconds \d/m;

export async function startFleet(onStop: OnStop): Promise<Fleet> {
  const issuer = await createTestIssuer({ algorithms: ["ES256"] });
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-gameday-"));
  onStop(() => rm(folder, { recursive: true, force: true }));
  const redis = await startRedis();
  onStop(() => redis.stop());
  const wayToStore = await FaultProxy.start({ targetPort: redis.port });
  onStop(() => wayToStore.stop());
  const start = async (name: string, redisUrl: string): Promise<Instance> => {
    const instance = await Instance.start({
      name,
      issuer: issuer.validatorOptions(),
      redisUrl,
      tokenFile: path.join(folder, `${name}.token`),
      maxStaleSeconds: MAX_STALE_SECONDS,
      skewMs: 0,
    });
    onStop(() => instance.stop());
    return instance;
  };
  const [cut, ...others] = await Promise.all([
    start("cut", `redis://127.0.0.1:${wayToStore.port}`),
    start("well-1", redis.url),
    start("well-2", redis.url),
  ]);
  const instances = [cut, ...others];
  await Promise.all(instances.map(awaitReady));
  await until("every instance has seen a canary", async () => {
    const texts = await Promise.all(instances.map((instance) => instance.metrics()));
    return texts.every((text) => SEEN_CANARY.test(text));
  });
  return { issuer, instances, cut, wayToStore };
}

/**
 * The rules that are handed out with their times shortened, and the watchdog. Canaries are up to 15 s apart, so that
 * their age may not be less than that.
 *
 * @throws Error where the rules have changed so that nothing would be shortened.
 */
export async function readShortRules(): Promise<string> {
  const rules = await readFile(RULES, "utf8");
  const short = rules.replaceAll(/for: \d+m$/gm, "for: 1s").replace(/> 60$/m, "> 25");
  if (!short.includes("for: 1s") || !short.includes("> 25"))
    throw new Error("the rules have other times now");
  return `${short}
  - name: countersign-gameday
    rules:
      - alert: ${WATCHDOG}
        expr: vector(1)
        labels: { severity: none }
`;
}
