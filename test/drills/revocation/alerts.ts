/** Whether somebody is told of an instance that stands still, and of one whose feed is cut: by the rules that are handed out. */

import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { type Monitoring, startMonitoring } from "../../kit/start-monitoring.ts";
import type { Instance } from "./instance.ts";

export interface AlertFigures {
  /** From the fault until the webhook was called, and from its end until it was told so. */
  readonly frozen: AlertTimes;
  readonly cut: AlertTimes;
  /** Alerts about instances that were well. */
  readonly falseAlerts: number;
  /** Everything that the webhook was told, in order. */
  readonly told: readonly string[];
  /** The rules as they are handed out, or the same with shorter times. */
  readonly rules: "as handed out" | "shortened";
}

export interface AlertTimes {
  readonly firedSeconds: number;
  readonly resolvedSeconds: number;
}

export interface AlertSetup {
  /** All follow one store. */
  readonly instances: readonly Instance[];
  readonly frozen: Instance;
  /** One whose way to the store can be cut. */
  readonly cut: { readonly instance: Instance; cut(): void; mend(): void };
  readonly isQuick: boolean;
  /** Told what is to be stopped, whatever happens. */
  onStarted(monitoring: Monitoring): void;
}

const RULES = new URL("../../../operations/rules/revocation.rules.yml", import.meta.url);
const ALERT = "CountersignRevocationPropagationSlow";
const LONGEST_MS = 600_000;

/** Canaries are up to 15 s apart, so that the age may not be less than that. What takes longer stays as it is. */
const SHORTENED: readonly (readonly [RegExp, string])[] = [
  [/> 60$/gm, "> 25"],
  [/for: 1m$/gm, "for: 5s"],
];

export async function watchStuckInstances(setup: AlertSetup): Promise<AlertFigures> {
  const { instances, frozen, cut, isQuick } = setup;
  const rules = await readFile(RULES, "utf8");
  const monitoring = await startMonitoring({
    targets: instances.map(({ name, admin }) => ({ name, address: admin })),
    rules: isQuick ? shorten(rules) : rules,
  });
  setup.onStarted(monitoring);
  await until("every instance is scraped and has seen a canary", async () => {
    const seen = await monitoring.query("countersign_revocation_canary_issued_timestamp_seconds");
    return seen.size === instances.length;
  });
  const brokenMs = performance.now();
  frozen.signal("SIGSTOP");
  cut.cut();
  const stuck = [frozen.name, cut.instance.name];
  await until("both are told of", async () => stuck.every((name) => isFiring(monitoring, name)));
  const mendedMs = performance.now();
  frozen.signal("SIGCONT");
  cut.mend();
  await until("both are well again", async () => !monitoring.alerts.some(isOpen(monitoring)));
  const timesOf = (name: string): AlertTimes => ({
    firedSeconds: seconds(findMoment(monitoring, name, "firing") - brokenMs),
    resolvedSeconds: seconds(findMoment(monitoring, name, "resolved") - mendedMs),
  });
  return {
    frozen: timesOf(frozen.name),
    cut: timesOf(cut.instance.name),
    falseAlerts: monitoring.alerts.filter(({ instance }) => !stuck.includes(instance)).length,
    told: monitoring.alerts.map(({ name, instance, status }) => `${instance}: ${name} ${status}`),
    rules: isQuick ? "shortened" : "as handed out",
  };
}

/** @throws Error where the rules have changed so that nothing would be shortened. */
function shorten(rules: string): string {
  return SHORTENED.reduce((text, [pattern, replacement]) => {
    const shortened = text.replace(pattern, replacement);
    if (shortened === text) throw new Error(`the rules have nothing like ${pattern.source}`);
    return shortened;
  }, rules);
}

function isFiring({ alerts }: Monitoring, instance: string): boolean {
  return alerts.findLast((alert) => alert.name === ALERT && alert.instance === instance)?.status === "firing";
}

/** Whether the last that was told of an alert is that it fires. */
function isOpen({ alerts }: Monitoring): (alert: Monitoring["alerts"][number]) => boolean {
  return ({ name, instance }) =>
    alerts.findLast((other) => other.name === name && other.instance === instance)?.status === "firing";
}

function findMoment({ alerts }: Monitoring, instance: string, status: "firing" | "resolved"): number {
  const isSought = (alert: Monitoring["alerts"][number]): boolean =>
    alert.name === ALERT && alert.instance === instance && alert.status === status;
  return (status === "firing" ? alerts.find(isSought) : alerts.findLast(isSought))?.atMs ?? Number.NaN;
}

async function until(expected: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LONGEST_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`expected that ${expected} within ten minutes`);
    await pause(100);
  }
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
