/** What is done to a scene, and how a game day goes about it: harm, notice, tell, heal, and all as before. */

import type { Instance } from "../drills/revocation/instance.ts";
import { WATCHDOG } from "../kit/start-monitoring.ts";
import { type GameDay, isFiring, type OnStop, until } from "./scenario.ts";
import { type Scene, type SceneSetup, startScene } from "./scene.ts";
import type { Stream } from "./stream.ts";

export interface Harm {
  readonly id: string;
  readonly title: string;
  /** What has to be told; `instance` where it is about one. */
  readonly alert: { readonly name: string; readonly instance?: string };
  /** Other alerts that the harm explains, by name. */
  readonly explained?: readonly string[];
  /** Default 5 s. */
  readonly targetAlertMs?: number;
  readonly scene?: SceneSetup;
  /** Starts what the instances need, and says what their configuration has for it. */
  prepare?(onStop: OnStop): Promise<{ readonly more: object }>;
  /** In words. */
  readonly healedBy: string;
  begin(scene: Scene): Promise<Harmed>;
}

/** Harm that was done. */
export interface Harmed {
  /** Whether an instance shows it. */
  isSeen(): Promise<boolean>;
  heal(): Promise<void> | void;
  /** Whether all is as before, beside the alerts. Default it is. */
  isHealed?(): Promise<boolean>;
  /** None of their tokens may be accepted, at any time. */
  readonly bad?: readonly Stream[];
  /** Good tokens that the harm may have refused until it is healed; asked about once more after that. */
  readonly hurt?: readonly Stream[];
  /** Tokens that were accepted where none of it is seen by a stream. Default 0. */
  countAccepted?(): number;
  /** What else has to hold in the end: what was found in place of it. Default nothing. */
  findFaults?(): Promise<readonly string[]>;
}

const DEFAULT_TARGET_MS = 5000;

export function createGameDay(harm: Harm): GameDay {
  const { id, title, alert, explained = [], healedBy, targetAlertMs = DEFAULT_TARGET_MS } = harm;
  const isExplained = new Set([WATCHDOG, alert.name, ...explained]);
  const told = { name: alert.name, instance: alert.instance ?? "" };
  return {
    id,
    title,
    targetAlertMs,
    async run(onStop) {
      const prepared = (await harm.prepare?.(onStop)) ?? { more: {} };
      const scene = await startScene(onStop, { ...harm.scene, more: prepared.more, prepared });
      const { monitoring, steady } = scene;
      const before = monitoring.alerts.filter(({ name }) => !isExplained.has(name) || name === alert.name);
      if (before.length > 0)
        throw new Error(`something is wrong before: ${before.map(({ name }) => name).join(", ")}`);
      const brokenMs = performance.now();
      const harmed = await harm.begin(scene);
      const [seenMs, toldMs] = await Promise.all([
        until("an instance shows it", () => harmed.isSeen()),
        until("it is told of", () => isFiring(monitoring.alerts, told)),
      ]);
      const healingMs = performance.now();
      await harmed.heal();
      await until("it is well again", async () => {
        return !isFiring(monitoring.alerts, told) && ((await harmed.isHealed?.()) ?? true);
      });
      const healedMs = performance.now();
      const faults = (await harmed.findFaults?.()) ?? [];
      const { bad = [], hurt = [] } = harmed;
      await Promise.all([...steady, ...bad, ...hurt].map((stream) => stream.stop()));
      const unexpected = monitoring.alerts
        .filter(({ name }) => !isExplained.has(name))
        .map(({ name, instance }) => `${name} ${instance}`.trimEnd());
      return {
        detectMs: Math.round(seenMs - brokenMs),
        alertMs: Math.round(toldMs - brokenMs),
        healMs: Math.round(healedMs - healingMs),
        wronglyRefused: sum(steady, (stream) => stream.refused),
        wronglyAccepted: sum(bad, (stream) => stream.count(200)) + (harmed.countAccepted?.() ?? 0),
        unexpectedAlerts: [...new Set(unexpected), ...faults],
        healedBy,
        asked: sum([...steady, ...bad, ...hurt], (stream) => stream.asked),
      };
    },
  };
}

function sum(streams: readonly Stream[], read: (stream: Stream) => number): number {
  return streams.reduce((total, stream) => total + read(stream), 0);
}

/** Whether the metrics of any of the instances match. */
export async function shows(instances: readonly Instance[], pattern: RegExp): Promise<boolean> {
  const texts = await Promise.all(instances.map((instance) => instance.metrics()));
  return texts.some((text) => pattern.test(text));
}

/** A metric whose value is above zero, with these labels in any order. */
export function above(name: string, ...labels: readonly string[]): RegExp {
  const held = labels.map((label) => `(?=[^}]*${label})`).join("");
  return new RegExp(`^${name}\\{${held}[^}]*\\} (?!0$)`, "m");
}
