import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { measureBlastRadius } from "../../src/keys/measure-blast-radius.ts";

function accepted(seconds: number, more: object = {}): string {
  const time = new Date(Date.UTC(2026, 0, 5, 8, 0, seconds)).toISOString();
  return JSON.stringify({
    sequence: seconds,
    previous: "x",
    v: 1,
    time,
    event: "token.accepted",
    instance: "one",
    keyId: "leaked",
    subject: "s1",
    client: "c1",
    token: `t${seconds}`,
    ...more,
  });
}

describe("the blast radius of a key", () => {
  it("counts whom it let in, over all trails, and nothing else", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-radius-"));
    try {
      const [first, second] = [path.join(folder, "1"), path.join(folder, "2")];
      await writeFile(
        first,
        [
          JSON.stringify({ sequence: 1, event: "audit.opened" }),
          accepted(5),
          accepted(3, { subject: "s2" }),
          accepted(1, { keyId: "other" }),
          accepted(9, { event: "token.rejected" }),
          "{ half a line",
          "",
        ].join("\n"),
      );
      await writeFile(second, `${accepted(7, { instance: "two", client: undefined, token: "t5" })}\n`);
      assert.deepEqual(await measureBlastRadius([first, second], "leaked"), {
        acceptances: 3,
        firstAt: "2026-01-05T08:00:03.000Z",
        lastAt: "2026-01-05T08:00:07.000Z",
        subjects: 2,
        clients: 1,
        tokens: 2,
        instances: ["one", "two"],
        isCut: false,
        unreadableLines: 1,
      });
      await assert.rejects(measureBlastRadius([path.join(folder, "none")], "leaked"), /cannot be read/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
