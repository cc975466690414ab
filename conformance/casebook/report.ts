import type { CasebookEntry } from "./entry.ts";
import type { Front } from "./front.ts";
import type { Controls, EntryResult } from "./run-casebook.ts";
import { checkControls, runEntry } from "./run-casebook.ts";
import type { Scene } from "./scene.ts";

/** What the whole casebook came to at one gateway. */
export interface CasebookReport {
  readonly controls: Controls;
  /** What does not hold of requests that nobody forged, before or after. */
  readonly problems: readonly string[];
  readonly entries: readonly EntryResult[];
}

/** Asks everything, one after the other. `onResult` hears of each entry as it is known. */
export async function createReport(
  entries: readonly CasebookEntry[],
  {
    front,
    scene,
    onResult,
  }: { readonly front: Front; readonly scene: Scene; onResult?(result: EntryResult): void },
): Promise<CasebookReport> {
  const controls = await checkControls(front, scene);
  const results: EntryResult[] = [];
  for (const entry of entries) {
    const result = await runEntry(entry, { front, scene, controls });
    results.push(result);
    onResult?.(result);
  }
  const later = await checkControls(front, scene);
  const died = (controls.open && !later.open) || (controls.admitted && !later.admitted);
  const problems = [
    ...(controls.guarded ? [] : ["the guarded path lets everyone in"]),
    ...(died ? ["the gateway no longer serves what it served before"] : []),
  ];
  return { controls, problems, entries: results };
}

/** 0 immune, 1 vulnerable, 3 nothing that could be tested. */
export function chooseExitCode({ problems, entries, controls }: CasebookReport): 0 | 1 | 3 {
  if (problems.length > 0 || entries.some(({ outcome }) => outcome === "vulnerable")) return 1;
  return controls.open || controls.admitted ? 0 : 3;
}

/** The table's row of an entry. */
export function describeResult(entry: CasebookEntry, result: EntryResult): string {
  const number = String(entry.number).padStart(2);
  const why =
    entry.notApplicable !== undefined || entry.probes.length === 0
      ? "not over HTTP"
      : result.untested.join("; ");
  const share =
    result.tested === result.probes ? `${result.tested}` : `${result.tested} of ${result.probes}: ${why}`;
  const outcome =
    result.outcome === "not testable" ? `not testable (${why})` : `${result.outcome} (${share})`;
  const findings = result.findings.map((finding) => `\n      ${finding}`).join("");
  return `${number}  ${entry.lesson}\n    ${outcome}${findings}`;
}

/** One line for the end. */
export function summarize({ entries }: CasebookReport): string {
  const count = (outcome: EntryResult["outcome"]): number =>
    entries.filter((entry) => entry.outcome === outcome).length;
  return `${count("immune")} immune, ${count("vulnerable")} vulnerable, ${count("not testable")} not testable`;
}
