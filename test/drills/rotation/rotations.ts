/** Rotations as pipelines do them, whole and with faults in each of their steps. */

import { setTimeout as pause } from "node:timers/promises";
import type { KeyLedger } from "@countersign/signing-keys";
import { describeQuestion } from "../revocation/decision-connection.ts";
import { type RunningKeys, runKeys, startKeys } from "./keys-command.ts";
import type { Load } from "./load.ts";
import { FORGOTTEN_MS, G_MS, OUTAGE_MS } from "./timing.ts";
import type { World } from "./world.ts";

const WAIT_SECONDS = "120";
const ROTATE = ["rotate", "--wait-seconds", WAIT_SECONDS, "--watch-seconds", "1"] as const;

/** Keys that were taken away, and what a thief of each still has. */
export class Loot {
  readonly #world: World;
  readonly #tokens: { readonly question: string; readonly notBeforeMs: number }[] = [];
  wrongAcceptances = 0;
  checks = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Steals from the active key; `take` is called once that has left the JWKS. */
  async steal(): Promise<() => void> {
    const token = await this.#world.steal(await this.#world.activeKid());
    return () => {
      this.#tokens.push({ question: describeQuestion(token), notBeforeMs: performance.now() + FORGOTTEN_MS });
    };
  }

  /** Asks every instance about what was stolen long enough ago. */
  async check(): Promise<void> {
    for (const { question, notBeforeMs } of this.#tokens) {
      if (performance.now() < notBeforeMs) continue;
      const statuses = await Promise.all(this.#world.instances.map((instance) => instance.ask(question)));
      this.checks += statuses.length;
      this.wrongAcceptances += statuses.filter((status) => status === 200).length;
    }
  }
}

/** One rotation from its beginning until the old key is gone. */
export async function rotateOnce(world: World, loot: Loot): Promise<void> {
  const before = await world.activeKid();
  const take = await loot.steal();
  await runKeys(world.configuration, ROTATE);
  await requireRotated(world, before);
  take();
  await loot.check();
}

async function requireRotated(world: World, before: string): Promise<void> {
  const ledger = await world.readLedger();
  const old = ledger.keys.find(({ keyId }) => keyId === before);
  const isGone = old === undefined || old.state === "removed" || old.state === "destroyed";
  if (isGone && ledger.rotation === undefined) return;
  throw new Error(`a rotation did not end: the key before is ${old?.state ?? "unknown"}`);
}

export interface FrozenFigures {
  /** Whether the rotation waited for the instance that stood still. */
  readonly isHeld: boolean;
  readonly gates: readonly string[];
  readonly exitCode: number | null;
}

/** An instance stands still for longer than the bound: nothing may be promoted before it is seen to know the key. */
export async function rotateWithFrozen(
  world: World,
  { load, loot }: { readonly load: Load; readonly loot: Loot },
): Promise<FrozenFigures> {
  const frozen = world.instances.at(-1);
  if (frozen === undefined) throw new Error("there is no instance to freeze");
  const before = await world.activeKid();
  const take = await loot.steal();
  load.frozen.add(frozen);
  frozen.signal("SIGSTOP");
  const seconds = String(Math.ceil(G_MS / 1000) + 6);
  const held = await runKeys(world.configuration, ["rotate", "--wait-seconds", seconds], [0, 1, 3]);
  const isHeld = (await world.activeKid()) === before;
  frozen.signal("SIGCONT");
  await pause(1500);
  load.frozen.delete(frozen);
  await runKeys(world.configuration, [...ROTATE, "--continue"]);
  await requireRotated(world, before);
  take();
  return { isHeld, gates: readGates(held.json["holds"]), exitCode: held.code };
}

function readGates(holds: unknown): readonly string[] {
  const list = (holds ?? []) as readonly { gates?: readonly { gate: string; status: string }[] }[];
  const gates = list.flatMap((hold) => hold.gates ?? []).filter(({ status }) => status !== "open");
  return [...new Set(gates.map(({ gate }) => gate))];
}

/** The origin of the JWKS fails for a while after each change of a key. */
export async function rotateWithOutages(
  world: World,
  loot: Loot,
): Promise<{ readonly outages: readonly string[] }> {
  const before = await world.activeKid();
  const take = await loot.steal();
  const outages: string[] = [];
  const rotating = startKeys(world.configuration, ROTATE);
  let seen = (await world.readLedger()).history.at(-1)?.sequence ?? 0;
  let isOver = false;
  const ended = rotating.ended.finally(() => {
    isOver = true;
  });
  for (;;) {
    // In this order: what it wrote last is seen even where it has ended meanwhile.
    const wasOver = isOver;
    const news = (await world.readLedger()).history.filter(({ sequence }) => sequence > seen);
    const last = news.at(-1);
    if (last === undefined && wasOver) break;
    if (last === undefined) {
      await pause(20);
      continue;
    }
    seen = last.sequence;
    outages.push(...news.map(({ action }) => action));
    world.origin.isFailing = true;
    await pause(OUTAGE_MS);
    world.origin.isFailing = false;
    // Verifiers catch up: one outage after the other is one longer outage.
    await pause(OUTAGE_MS);
  }
  const { code, stderr } = await ended;
  if (code !== 0) throw new Error(`rotate ended with ${code}: ${stderr}`);
  await requireRotated(world, before);
  take();
  return { outages: [...new Set(outages)] };
}

/** The rotating process is killed with the first change of each kind that it writes, and another one goes on. */
export async function rotateWithKills(
  world: World,
  loot: Loot,
): Promise<{ readonly kills: readonly string[] }> {
  const before = await world.activeKid();
  const take = await loot.steal();
  const kills: string[] = [];
  for (let args: readonly string[] = ROTATE; ; args = [...ROTATE, "--continue"]) {
    const rotating = startKeys(world.configuration, args);
    const killed = killAtNews(world, { rotating, kills });
    const { code, stderr } = await rotating.ended;
    await killed;
    if (code === 0) break;
    if (code !== null) throw new Error(`rotate ended with ${code}: ${stderr}`);
  }
  await requireRotated(world, before);
  take();
  return { kills };
}

/** Kills it as soon as it has written something of a kind that nobody was killed for yet. */
async function killAtNews(
  world: World,
  { rotating, kills }: { readonly rotating: RunningKeys; readonly kills: string[] },
): Promise<void> {
  let ledger = await world.readLedger();
  let isOver = false;
  rotating.child.once("exit", () => {
    isOver = true;
  });
  while (!isOver) {
    const next = await world.readLedger();
    const kind = next.version === ledger.version ? undefined : nameChange(ledger, next);
    ledger = next;
    if (kind !== undefined && !kills.includes(kind)) {
      kills.push(kind);
      rotating.child.kill("SIGKILL");
      return;
    }
    await pause(2);
  }
}

function nameChange(before: KeyLedger, after: KeyLedger): string {
  const [last, former] = [after.history.at(-1), before.history.at(-1)];
  if (last !== undefined && last.sequence !== former?.sequence) return last.action;
  return before.rotation === undefined && after.rotation !== undefined ? "begin" : "reserve";
}
