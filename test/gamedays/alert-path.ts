/** F11: the way of alerts itself breaks, between Prometheus and Alertmanager or behind it, while an instance is in trouble. */

import { FaultProxy } from "../../packages/cli/src/gameday/faults/fault-proxy.ts";
import { startMonitoring, WATCHDOG } from "../kit/start-monitoring.ts";
import { readShortRules, startFleet } from "./fleet.ts";
import { type GameDay, isFiring, until } from "./scenario.ts";
import { Traffic } from "./traffic.ts";

const ALERT = { name: "CountersignRevocationFeedDown", instance: "cut" };
const EXPLAINED = new Set([
  WATCHDOG,
  "CountersignRevocationFeedDown cut",
  "CountersignRevocationPropagationSlow cut",
]);
/** The dead man's switch trips after so long without a heartbeat; there is one each second or two. */
const SILENCE_MS = 5000;

export type BrokenWay = "alertmanager" | "webhook";

/** @param way What cannot be reached. */
export function createAlertPath(way: BrokenWay): GameDay {
  return {
    id: `F11-${way}`,
    title: `Alerts cannot reach the ${way === "webhook" ? "webhook" : "Alertmanager"}`,
    // Alertmanager goes on for four seconds with what it was told last.
    targetAlertMs: SILENCE_MS + 7000,
    async run(onStop) {
      const { instances, wayToStore, issuer } = await startFleet(onStop);
      const proxies: Partial<Record<BrokenWay, FaultProxy>> = {};
      const lead = async (name: BrokenWay, targetPort: number): Promise<number> => {
        const proxy = await FaultProxy.start({ targetPort });
        onStop(() => proxy.stop());
        proxies[name] = proxy;
        return proxy.port;
      };
      const monitoring = await startMonitoring({
        targets: instances.map(({ name, admin }) => ({ name, address: admin })),
        rules: await readShortRules(),
        wayToAlertmanager: (port) => lead("alertmanager", port),
        wayToWebhook: (port) => lead("webhook", port),
      });
      onStop(() => monitoring.stop());
      const traffic = new Traffic(instances, await issuer.sign());
      onStop(() => traffic.stop());
      const heartbeats = (): readonly number[] =>
        monitoring.alerts
          .filter(({ name, status }) => name === WATCHDOG && status === "firing")
          .map(({ atMs }) => atMs);
      await until("the watchdog is heard again and again", () => heartbeats().length >= 3);
      const brokenMs = performance.now();
      await proxies[way]?.down();
      // What goes wrong meanwhile nobody is told of: that is why silence has to be loud.
      await wayToStore.down();
      const trippedMs = await until("the dead man's switch trips", () => {
        return performance.now() - Math.max(brokenMs, heartbeats().at(-1) ?? 0) > SILENCE_MS;
      });
      const lastHeardMs = Math.max(brokenMs, heartbeats().at(-1) ?? 0);
      const wasSilent = !isFiring(monitoring.alerts, ALERT);
      const mendedMs = performance.now();
      await proxies[way]?.up();
      await until("what went wrong meanwhile is told of", () => isFiring(monitoring.alerts, ALERT));
      await wayToStore.up();
      await until("it is well again", () => !isFiring(monitoring.alerts, ALERT));
      await until("the watchdog is heard", () => (heartbeats().at(-1) ?? 0) > mendedMs);
      const healedMs = performance.now();
      await traffic.stop();
      if (!wasSilent) throw new Error("the way of alerts was not broken");
      const told = new Set(monitoring.alerts.map(({ name, instance }) => `${name} ${instance}`.trimEnd()));
      return {
        detectMs: Math.round(lastHeardMs - brokenMs),
        alertMs: Math.round(trippedMs - brokenMs),
        healMs: Math.round(healedMs - mendedMs),
        wronglyRefused: traffic.refused,
        wronglyAccepted: 0,
        unexpectedAlerts: [...told].filter((alert) => !EXPLAINED.has(alert)),
        healedBy: "the way is mended; Prometheus and Alertmanager tell by themselves what they could not",
        asked: traffic.asked,
      };
    },
  };
}
