/** A game day: what it is, what it is run with, and its score. */

import { setTimeout as pause } from "node:timers/promises";
import type { ReceivedAlert } from "../kit/start-monitoring.ts";

/** The score of one run. Times are from the injection, `healMs` from the first command that heals. */
export interface GameDayScore {
  readonly id: string;
  readonly title: string;
  /** Until a sidecar or the dead man's switch showed it. */
  readonly detectMs: number;
  /** Until the webhook was called; for a broken way of alerts, until the switch was tripped. */
  readonly alertMs: number;
  /** Until everything was as before, alerts included. */
  readonly healMs: number;
  /** Good tokens that were answered otherwise than 200 where nothing excuses it. */
  readonly wronglyRefused: number;
  /** Bad tokens that were answered with 200 where nothing excuses it. */
  readonly wronglyAccepted: number;
  /** Alerts that no part of the injection explains, by name and instance. */
  readonly unexpectedAlerts: readonly string[];
  /** What was done to heal it. */
  readonly healedBy: string;
  /** Decisions that were asked for. */
  readonly asked: number;
  readonly misses: readonly string[];
  readonly passed: boolean;
}

/** What a scenario has measured; `score` judges it. */
export type GameDayFigures = Omit<GameDayScore, "passed" | "misses">;

/** Told at once of what has to be stopped, whatever happens. */
export type OnStop = (stop: () => Promise<unknown>) => void;

export interface GameDay {
  readonly id: string;
  readonly title: string;
  /** Most milliseconds until somebody is told. */
  readonly targetAlertMs: number;
  /** Resolves once everything is as it was before. Rejects where it does not get there in time: the run is aborted. */
  run(onStop: OnStop): Promise<Omit<GameDayFigures, "id" | "title">>;
}

const LONGEST_MS = 120_000;

/** Judges by the targets that every game day has. */
export function scoreGameDay(
  { id, title, targetAlertMs }: Pick<GameDay, "id" | "title" | "targetAlertMs">,
  figures: Omit<GameDayFigures, "id" | "title">,
): GameDayScore {
  const { alertMs, wronglyAccepted, wronglyRefused, unexpectedAlerts, asked } = figures;
  const misses = [
    ...(alertMs < targetAlertMs ? [] : [`told after ${alertMs} ms, expected less than ${targetAlertMs}`]),
    ...(wronglyAccepted === 0 ? [] : [`${wronglyAccepted} bad tokens were accepted`]),
    ...(wronglyRefused === 0 ? [] : [`${wronglyRefused} good tokens were refused`]),
    ...(unexpectedAlerts.length === 0
      ? []
      : [`alerts that nothing explains: ${unexpectedAlerts.join(", ")}`]),
    ...(asked > 0 ? [] : ["nothing was asked"]),
  ];
  return { id, title, ...figures, misses, passed: misses.length === 0 };
}

/** Resolves with the moment, by `performance.now`. @throws Error that says what was expected. */
export async function until(expected: string, isSo: () => boolean | Promise<boolean>): Promise<number> {
  const deadline = performance.now() + LONGEST_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`expected that ${expected} within ${LONGEST_MS} ms`);
    await pause(50);
  }
  return performance.now();
}

/** Whether the last that was told of an alert is that it fires. */
export function isFiring(
  alerts: readonly ReceivedAlert[],
  { name, instance }: Pick<ReceivedAlert, "name" | "instance">,
): boolean {
  const last = alerts.findLast((alert) => alert.name === name && alert.instance === instance);
  return last?.status === "firing";
}
