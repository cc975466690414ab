/** Asks a front every probe, and says what each entry came to. */

import type { CasebookEntry, Probe } from "./entry.ts";
import type { Front } from "./front.ts";
import { findHazards, identitiesOf } from "./hazards.ts";
import { type ClientRequest, fillProbe, type Scene } from "./scene.ts";

/** What a front does with requests that nobody forged. A probe tells nothing where its like does not work. */
export interface Controls {
  /** Anyone reaches the application on the open path. */
  readonly open: boolean;
  /** Nobody reaches it on the guarded path without a token. */
  readonly guarded: boolean;
  /** A valid token reaches it on the guarded path. */
  readonly admitted: boolean;
  /** Then the first identity header is there. */
  readonly identified: boolean;
  /** The guarded host refuses who has no token and admits who has. */
  readonly host: boolean;
  /** The optional path admits who has no token. */
  readonly optional: boolean;
}

export type EntryOutcome = "immune" | "vulnerable" | "not testable";

export interface EntryResult {
  readonly number: number;
  readonly outcome: EntryOutcome;
  /** Probes that could be asked. */
  readonly tested: number;
  readonly probes: number;
  /** What happened that must not, each with what was tried. */
  readonly findings: readonly string[];
  /** Why the others could not be asked, each reason once. */
  readonly untested: readonly string[];
}

/** Asks what must work before probes mean anything. */
export async function checkControls(front: Front, scene: Scene): Promise<Controls> {
  const ask = async (request: Partial<ClientRequest>) =>
    front.send({ method: "GET", target: scene.guarded, host: scene.host, headers: [], ...request });
  const { valid } = scene.tokens;
  const headers = [["Authorization", `Bearer ${valid ?? ""}`]] as const;
  const open = await ask({ target: scene.open });
  const nobody = await ask({});
  const caller = valid === undefined ? undefined : await ask({ headers });
  const admitted = caller !== undefined && caller.reached.length > 0;
  return {
    open: open.reached.length > 0,
    guarded: nobody.reached.length === 0,
    admitted,
    identified: admitted && caller.reached.every((seen) => identitiesOf(seen, scene).join("") !== ""),
    host: admitted && (await guardsHost(ask, { scene, headers })),
    optional: scene.optional !== undefined && (await ask({ target: scene.optional })).reached.length > 0,
  };
}

async function guardsHost(
  ask: (request: Partial<ClientRequest>) => ReturnType<Front["send"]>,
  { scene, headers }: { readonly scene: Scene; readonly headers: ClientRequest["headers"] },
): Promise<boolean> {
  if (scene.guardedHost === undefined) return false;
  const place = { target: scene.open, host: scene.guardedHost };
  const nobody = await ask(place);
  const caller = await ask({ ...place, headers });
  return nobody.reached.length === 0 && caller.reached.length > 0;
}

/** Asks all probes of an entry, one after the other. */
export async function runEntry(
  entry: Pick<CasebookEntry, "number" | "probes">,
  { front, scene, controls }: { readonly front: Front; readonly scene: Scene; readonly controls: Controls },
): Promise<EntryResult> {
  const findings: string[] = [];
  const untested = new Set<string>();
  let tested = 0;
  for (const probe of entry.probes) {
    const filled = fillProbe(probe, scene);
    const lacks = filled.ok ? findLack(probe, { scene, controls }) : `no ${filled.lacks}`;
    if (!filled.ok || lacks !== undefined) {
      untested.add(lacks ?? "unknown");
      continue;
    }
    tested += 1;
    const seen = await front.send(filled.request);
    const happened = findHazards(probe.never, { sent: filled.request, seen, scene });
    findings.push(...happened.map((what) => `${probe.tries}: ${what}`));
  }
  const outcome = findings.length > 0 ? "vulnerable" : tested > 0 ? "immune" : "not testable";
  const { number, probes } = entry;
  return { number, outcome, tested, probes: probes.length, findings, untested: [...untested] };
}

/** Why the answer to a probe would tell nothing: its like without the attack does not work either. */
function findLack(
  probe: Probe,
  { scene, controls }: { readonly scene: Scene; readonly controls: Controls },
): string | undefined {
  const target = probe.target ?? "{guarded}";
  const texts = [target, probe.host ?? "", ...(probe.headers ?? []).flat()].join(" ");
  if (!controls.open && !controls.admitted) return "nothing is let through";
  if (texts.includes("{guardedHost") && !controls.host) return "no guarded host that works";
  if (target.startsWith("{open") && !controls.open) return "no open path that works";
  if (target.startsWith("{optional") && !controls.optional) return "no optional path that works";
  const hasToken = Object.keys(scene.tokens).some((kind) => texts.includes(`{${kind}}`));
  if (hasToken && !controls.admitted) return "no valid token that is let in";
  const needsIdentity = probe.never.some((hazard) => hazard === "identity_lost");
  return needsIdentity && !controls.identified ? "no identity header that arrives" : undefined;
}
