/** F9: one instance loses its way to the store of revocations, in silence or refused, while tokens are revoked. */

import { setTimeout as pause } from "node:timers/promises";
import { Book, countAccepted } from "../drills/revocation/measure.ts";
import { startMonitoring, WATCHDOG } from "../kit/start-monitoring.ts";
import { type Fleet, MAX_STALE_SECONDS, readShortRules, startFleet } from "./fleet.ts";
import { type GameDay, isFiring, type OnStop, until } from "./scenario.ts";
import { Traffic } from "./traffic.ts";

const ALERT = { name: "CountersignRevocationFeedDown", instance: "cut" };
const EXPLAINED = new Set([
  WATCHDOG,
  "CountersignRevocationFeedDown cut",
  "CountersignRevocationPropagationSlow cut",
  "CountersignRevocationInstanceBehind cut",
]);
const REVOKED = 20;
const STREAMS = ["upstream", "downstream"] as const;

/** "silent": nothing comes through, and nobody says so. "refused": connections are cut and refused. */
export type PartitionKind = "silent" | "refused";

/** No connection tells of a silent cut: the feed's own silence has to last for some seconds before it is one. */
const TARGETS_MS: Readonly<Record<PartitionKind, number>> = { silent: 10_000, refused: 5000 };

export function createRevocationPartition(kind: PartitionKind): GameDay {
  return {
    id: `F9-${kind}`,
    title: `An instance cannot reach the store of revocations: ${kind}`,
    targetAlertMs: TARGETS_MS[kind],
    run: (onStop) => partition(kind, onStop),
  };
}

async function partition(kind: PartitionKind, onStop: OnStop): ReturnType<GameDay["run"]> {
  const fleet = await startFleet(onStop);
  const { instances, cut, wayToStore, issuer } = fleet;
  const rules = await readShortRules();
  const targets = instances.map(({ name, admin }) => ({ name, address: admin }));
  const monitoring = await startMonitoring({ targets, rules });
  onStop(() => monitoring.stop());
  const traffic = new Traffic(instances, await issuer.sign());
  onStop(() => traffic.stop());
  await until("every instance is scraped", async () => (await monitoring.query("up == 1")).size === 3);
  const brokenMs = performance.now();
  if (kind === "refused") await wayToStore.down();
  else for (const stream of STREAMS) wayToStore.add(stream, { type: "timeout", timeoutMs: 0, stream });
  const detecting = until("the instance shows it", async () =>
    /^countersign_revocation_feed_connected 0$/m.test(await cut.metrics()),
  );
  const alerting = until("it is told of", () => isFiring(monitoring.alerts, ALERT));
  const [detectedMs, alertedMs] = await Promise.all([detecting, alerting]);
  const book = new Book(issuer);
  const acceptedStale = await revokeAndAsk(fleet, book);
  const mendedMs = performance.now();
  wayToStore.reset();
  await wayToStore.up();
  await until("it is well again", () => !isFiring(monitoring.alerts, ALERT));
  const acceptedAfter = await countAccepted(book, instances);
  const healedMs = performance.now();
  await traffic.stop();
  const told = new Set(monitoring.alerts.map(({ name, instance }) => `${name} ${instance}`.trimEnd()));
  return {
    detectMs: Math.round(detectedMs - brokenMs),
    alertMs: Math.round(alertedMs - brokenMs),
    healMs: Math.round(healedMs - mendedMs),
    wronglyRefused: traffic.refused,
    wronglyAccepted: acceptedStale + acceptedAfter,
    unexpectedAlerts: [...told].filter((alert) => !EXPLAINED.has(alert)),
    healedBy: "the way to the store is mended; the instance reads what it missed by itself",
    asked: traffic.asked + REVOKED * instances.length,
  };
}

/** How many revoked tokens were accepted by routes that demand freshness, or by instances whose feed is whole. */
async function revokeAndAsk({ issuer, instances, cut }: Fleet, book: Book): Promise<number> {
  const [well] = instances.filter((instance) => instance !== cut);
  if (well === undefined) throw new Error("there is no instance that is well");
  // Signed now: a token of the drill's book is too old for a small clock tolerance.
  for (let index = 0; index < REVOKED; index += 1) await book.revoke(await issuer.sign(), well);
  await pause((MAX_STALE_SECONDS + 1) * 1000);
  let accepted = 0;
  for (const token of book.revoked) {
    accepted += (await well.decide(token)) === 200 ? 1 : 0;
    accepted += (await cut.decide(token, "/fresh")) === 200 ? 1 : 0;
  }
  return accepted;
}
