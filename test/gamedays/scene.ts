/** Three sidecars of one issuer, what watches them, and their clients: where most game days take place. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createTestIssuer, type TestIssuer, type TestIssuerOptions } from "countersign/testing";
import { renderPrometheusRules } from "../../packages/cli/src/rules/render-prometheus.ts";
import { RULE_GROUPS } from "../../packages/cli/src/rules/rule-groups.ts";
import { awaitReady } from "../drills/revocation/faults.ts";
import { Instance } from "../drills/revocation/instance.ts";
import { type Monitoring, startMonitoring } from "../kit/start-monitoring.ts";
import { type OnStop, until } from "./scenario.ts";
import { Stream } from "./stream.ts";

/** By how much all times of the rules are divided; windows stay at five seconds or more. */
const TIME_SCALE = 300;

/** Another path of the issuer's server with the same key set, which can be left behind. */
export const REPLICA = "/replica";

export interface SceneSetup {
  /** What the configuration of all instances has beside issuer and routes. */
  readonly more?: object;
  /** For the harm, as it was prepared. */
  readonly prepared?: object;
  readonly routes?: readonly object[];
  /** Of the issuer. Default ES256. */
  readonly algorithms?: NonNullable<TestIssuerOptions["algorithms"]>;
  /** The issuer's `keys`, by the URL of its key set. */
  readonly keysOf?: (name: string, jwksUri: string) => object;
}

export interface Scene {
  readonly issuer: TestIssuer;
  readonly instances: readonly Instance[];
  /** The first of them, to which things happen that happen to one. */
  readonly chosen: Instance;
  readonly monitoring: Monitoring;
  /** A folder of this scene. */
  readonly folder: string;
  /** Good tokens on every instance, from before until after. */
  readonly steady: readonly Stream[];
  /** The configuration that an instance was started with. */
  configurationOf(name: string): object;
  readonly onStop: OnStop;
  /** What `prepare` gave. */
  readonly prepared: object;
}

/** Keys are asked for each second, so that a run takes seconds; the rules' times are divided alike. */
const QUICK_KEYS = {
  ...{ insecureLoopbackHttp: true, cooldownSeconds: 1, minRefreshSeconds: 1, maxRefreshSeconds: 1 },
  ...{ removalGraceSeconds: 0, timeoutMs: 300 },
};
const NAMES = ["chosen", "well-1", "well-2"] as const;

export async function startScene(onStop: OnStop, setup: SceneSetup = {}): Promise<Scene> {
  const { algorithms = ["ES256"], more = {}, prepared = {}, routes = [], keysOf } = setup;
  const issuer = await createTestIssuer({ algorithms, serve: true });
  onStop(() => issuer.close());
  issuer.server?.documents.set(REPLICA, () => issuer.jwks());
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-gameday-"));
  onStop(() => rm(folder, { recursive: true, force: true }));
  const configurationOf = (name: string): object => {
    const keys = { ...QUICK_KEYS, jwksUri: issuer.jwksUri, ...keysOf?.(name, issuer.jwksUri ?? "") };
    const trusted = { issuer: issuer.issuer, name: "idp", audiences: [issuer.audience], algorithms, keys };
    return {
      listeners: { decision: "127.0.0.1:0", admin: "127.0.0.1:0", extAuthz: "off" },
      issuers: [trusted],
      overload: { maxEventLoopDelayMs: 10_000 },
      routes: [{ path: "/**", allow: "authenticated" }, ...routes],
      ...more,
    };
  };
  const instances = await Promise.all(
    NAMES.map(async (name) => {
      const instance = await Instance.launch({ name, configuration: configurationOf(name) });
      onStop(() => instance.stop());
      return instance;
    }),
  );
  await Promise.all(instances.map(awaitReady));
  const [chosen] = instances;
  if (chosen === undefined) throw new Error("no instance was started");
  const monitoring = await startMonitoring({
    targets: instances.map(({ name, admin }) => ({ name, address: admin })),
    rules: renderPrometheusRules(RULE_GROUPS, { timeScale: TIME_SCALE }),
  });
  onStop(() => monitoring.stop());
  const good = await issuer.sign({ exp: Math.floor(Date.now() / 1000) + 3600 });
  const steady = instances.map((instance) => new Stream(instance, { token: () => good, pauseMs: 40 }));
  for (const stream of steady) onStop(() => stream.stop());
  // Rates need a past, and no alert may begin with an empty one.
  await until("every instance is scraped, for as long as the shortest window", async () => {
    const scraped = await monitoring.query("count_over_time(up[10s]) >= 6");
    return scraped.size === NAMES.length;
  });
  return { issuer, instances, chosen, monitoring, folder, steady, configurationOf, onStop, prepared };
}
