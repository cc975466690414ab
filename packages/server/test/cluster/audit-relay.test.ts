import assert from "node:assert/strict";
import { test } from "node:test";

import type { AuditDraft } from "../../src/audit/audit-event.ts";
import { AuditRelay, MAX_RELAYED_EVENTS } from "../../src/cluster/audit-relay.ts";
import { waitFor } from "../kit/wait-for.ts";

interface Told {
  readonly drafts: readonly AuditDraft[];
  readonly lost: number;
}

const DRAFT: AuditDraft = { event: "token.rejected", timeMs: 0, reason: "token_expired" };

/** A channel that has room when it is told to. */
function createChannel(): {
  told: Told[];
  hasRoom: boolean;
  tell: (topic: string, body: unknown) => boolean;
} {
  const channel = {
    told: [] as Told[],
    hasRoom: true,
    tell(_topic: string, body: unknown): boolean {
      if (channel.hasRoom) channel.told.push(body as Told);
      return channel.hasRoom;
    },
  };
  return channel;
}

test("events go to the primary many at a time, in bounded messages", async () => {
  const channel = createChannel();
  const relay = new AuditRelay(channel);
  for (let count = 0; count < MAX_RELAYED_EVENTS + 1; count++) relay.record(DRAFT);
  await waitFor(() => channel.told.length === 2);
  assert.deepEqual(
    channel.told.map(({ drafts, lost }) => [drafts.length, lost]),
    [
      [MAX_RELAYED_EVENTS, 0],
      [1, 0],
    ],
  );
});

test("a primary that does not keep up is told later, with the number of those that there was no room for", async () => {
  const channel = createChannel();
  channel.hasRoom = false;
  const relay = new AuditRelay(channel);
  for (let count = 0; count < 5000; count++) relay.record(DRAFT);
  relay.flush();
  assert.equal(channel.told.length, 0);
  channel.hasRoom = true;
  await waitFor(() => channel.told.length === 16);
  assert.equal(
    channel.told.reduce((sum, { drafts }) => sum + drafts.length, 0),
    4096,
  );
  assert.equal(
    channel.told.reduce((sum, { lost }) => sum + lost, 0),
    904,
  );
});
