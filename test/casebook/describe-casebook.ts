/** Every entry that can be asked at a front, as a test of its number. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CASEBOOK, nameEntry } from "../../conformance/casebook/casebook.ts";
import type { CasebookEntry } from "../../conformance/casebook/entry.ts";
import type { Front } from "../../conformance/casebook/front.ts";
import { CLAIM_MARK } from "../../conformance/casebook/hazards.ts";
import { type Controls, checkControls, runEntry } from "../../conformance/casebook/run-casebook.ts";
import { type GuardedEcho, startGuardedEcho } from "./start-guarded-echo.ts";

export interface FrontKind {
  readonly name: string;
  /** Reason for not running, or false. */
  readonly skip: string | false;
  /** Added to the sidecar's configuration. */
  readonly settings?: string;
  open(place: GuardedEcho): Promise<OpenFront>;
}

export interface OpenFront {
  readonly front: Front;
  close(): Promise<void>;
}

/** One test for each entry with probes. */
export function describeCasebook(kind: FrontKind): void {
  describe(`the casebook at ${kind.name}`, { skip: kind.skip }, () => {
    let place: GuardedEcho;
    let opened: OpenFront;
    let controls: Controls;
    before(async () => {
      place = await startGuardedEcho(kind.settings);
      opened = await kind.open(place);
      controls = await checkControls(opened.front, place.scene);
    });
    after(async () => {
      await opened?.close();
      await place?.close();
    });

    it("lets in what is open, and what has a valid token, before anything is tried", () => {
      assert.deepEqual(
        { ...controls },
        { open: true, guarded: true, admitted: true, identified: true, host: true, optional: true },
      );
    });
    for (const entry of CASEBOOK.filter(({ probes }) => probes.length > 0)) {
      it(`${nameEntry(entry)} ${entry.lesson}`, () => checkEntry(entry, { place, opened, controls }));
    }
    it("still does so after everything was tried, and has logged no token and no claim", async () => {
      assert.deepEqual(await checkControls(opened.front, place.scene), controls);
      const log = place.log();
      assert.ok(!log.includes(CLAIM_MARK), "a claim was logged");
      for (const token of Object.values(place.tokens)) {
        const [, payload = "", signature = ""] = token.split(".");
        assert.ok(!log.includes(payload), "a token was logged");
        assert.ok(signature === "" || !log.includes(signature), "a signature was logged");
      }
    });
  });
}

async function checkEntry(
  entry: CasebookEntry,
  { place, opened, controls }: Readonly<{ place: GuardedEcho; opened: OpenFront; controls: Controls }>,
): Promise<void> {
  const result = await runEntry(entry, { front: opened.front, scene: place.scene, controls });
  assert.deepEqual(result.findings, []);
  assert.deepEqual(result.untested, [], "every probe was asked");
  assert.equal(result.tested, entry.probes.length);
}
