import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";

import { createTestIssuer, type TestIssuer } from "countersign/testing";

import { RECEIVER, signEvent } from "../kit/security-events.ts";
import { type SignalSidecar, startSignalSidecar } from "../kit/signal-sidecar.ts";
import { startTransmitter, type Transmitter } from "../kit/start-transmitter.ts";
import { waitFor } from "../kit/wait-for.ts";

const AUTHORIZATION = "Bearer of the polling sidecar";

describe("security events that are polled", () => {
  let issuer: TestIssuer;
  let transmitter: Transmitter;
  let folder = "";

  before(async () => {
    issuer = await createTestIssuer();
    folder = await mkdtemp(path.join(tmpdir(), "countersign-poll-"));
  });
  after(() => rm(folder, { recursive: true }));

  const start = (store: string | object, workers = 1): Promise<SignalSidecar> =>
    startSignalSidecar({
      issuers: [{ ...issuer.validatorOptions(), name: "first" }],
      store,
      rest: [`workers: ${workers}`],
      signals: {
        transmitters: [
          {
            name: "own",
            issuer: "first",
            audiences: [RECEIVER],
            poll: {
              endpoint: transmitter.endpoint,
              authorization: AUTHORIZATION,
              timeoutSeconds: 5,
              insecureLoopbackHttp: true,
            },
          },
        ],
      },
    });
  const sign = (sub: string, changes: object = {}): Promise<string> =>
    signEvent(issuer, { format: "iss_sub", iss: issuer.issuer, sub }, changes);

  it("revoke what they are about, are counted, and are refused by their codes", async () => {
    transmitter = await startTransmitter({ authorization: AUTHORIZATION });
    const home = await start("memory");
    try {
      const token = await issuer.sign({ sub: "alice" });
      assert.equal(await home.ask(token), 200);
      transmitter.add("j1", await sign("alice", { jti: "j1" }));
      await waitFor(async () => (await home.ask(token)) === 401);
      await waitFor(() => transmitter.acknowledged.includes("j1"));
      const kept = await issuer.sign({ sub: "bob" });
      transmitter.add("j2", await sign("bob", { jti: "j2", aud: "https://another.test" }));
      transmitter.add("j3", await sign("bob", { jti: "another" }));
      transmitter.add("j4", "nothing");
      await waitFor(() => transmitter.pending.length === 0);
      assert.deepEqual(Object.fromEntries(transmitter.refused), {
        j2: "invalid_audience",
        j3: "invalid_request",
        j4: "invalid_request",
      });
      assert.equal(await home.ask(kept), 200);
      const metrics = await (await fetch(`http://${home.sidecar.addresses.admin}/metrics`)).text();
      assert.match(metrics, /countersign_signals_total\{kind="event",source="own",outcome="revoked"\} 1\n/);
      assert.match(metrics, /countersign_signals_total\{kind="event",source="own",outcome="refused"\} 3\n/);
      assert.match(
        metrics,
        /countersign_signals_refused_total\{kind="event",source="own",reason="audience_mismatch"\} 1\n/,
      );
      assert.match(metrics, /countersign_signal_polls_total\{source="own",result="answered"\} [2-9]/);
      assert.match(
        metrics,
        /countersign_signal_poll_last_success_timestamp_seconds\{source="own"\} 1[0-9.]+\n/,
      );
    } finally {
      await home.close();
      await transmitter.close();
    }
  });

  it("are taken after a restart where they were not acknowledged before, and change nothing twice", async () => {
    transmitter = await startTransmitter({ authorization: AUTHORIZATION });
    const store = { sqlite: path.join(folder, "revocations.db") };
    const token = await issuer.sign({ sub: "carol" });
    const text = await sign("carol", { jti: "c1" });
    // The sidecar that hears of it first ends before anybody hears what became of it.
    transmitter.add("c1", text);
    const first = await start(store);
    await waitFor(() => transmitter.polls.length > 0);
    await transmitter.close();
    await first.close();
    await transmitter.open();
    transmitter.add("c1", text);
    const second = await start(store);
    try {
      await waitFor(async () => (await second.ask(token)) === 401);
      await waitFor(() => transmitter.pending.length === 0);
      transmitter.add("c1", text);
      await waitFor(() => transmitter.pending.length === 0);
      const admin = `http://${second.sidecar.addresses.admin}`;
      const metrics = await (await fetch(`${admin}/metrics`)).text();
      assert.match(
        metrics,
        /countersign_signals_total\{kind="event",source="own",outcome="repeated"\} [12]\n/,
      );
      const headers = { authorization: `Bearer ${second.token}` };
      const listed = await fetch(`${admin}/api/v1/revocations?value=carol`, { headers });
      assert.equal(((await listed.json()) as { entries: object[] }).entries.length, 1);
    } finally {
      await second.close();
      await transmitter.close();
    }
  });

  it("are asked for by one process, however many judge", async () => {
    transmitter = await startTransmitter({ authorization: AUTHORIZATION });
    const home = await start("memory", 2);
    try {
      await waitFor(() => transmitter.polls.length > 0);
      const token = await issuer.sign({ sub: "dora" });
      transmitter.add("d1", await sign("dora", { jti: "d1" }));
      await waitFor(() => transmitter.acknowledged.length > 0);
      // Each of several answers comes from another worker.
      await waitFor(async () => {
        const statuses = await Promise.all(Array.from({ length: 8 }, () => home.ask(token)));
        return statuses.every((status) => status === 401);
      });
      assert.equal(transmitter.polls.length, 2);
    } finally {
      await home.close();
      await transmitter.close();
    }
  });
});
