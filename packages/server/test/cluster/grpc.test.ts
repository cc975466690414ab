import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createTestIssuer } from "countersign/testing";

import { CHECK, createCaller } from "../kit/grpc-client.ts";
import { decodeWire, encodeCheck, listMessages, numberOf } from "../kit/protobuf.ts";
import { parseCluster, startCluster } from "../kit/start-cluster.ts";
import { waitFor } from "../kit/wait-for.ts";

const PRIVATE = "routes: [{ path: /**, allow: authenticated }]";
const issuer = await createTestIssuer();
const issuers = [issuer.validatorOptions()];
const rawHeaders = [["authorization", `Bearer ${await issuer.sign()}`]] as const;
after(() => issuer.close());

/** Asks without pause, each client on a connection of its own; `codes` are those of the answers. */
function loadChecks(address: string, clients: number) {
  const codes: number[] = [];
  const failures: unknown[] = [];
  let isStopping = false;
  const callers = Array.from({ length: clients }, () => createCaller(address));
  const running = callers.map(async (caller) => {
    while (!isStopping) {
      try {
        const answer = decodeWire(await caller.call(CHECK, encodeCheck({ rawHeaders })));
        codes.push(numberOf(listMessages(answer, 1)[0], 1));
      } catch (error) {
        failures.push(error);
        return;
      }
    }
  });
  return {
    codes,
    failures,
    stop: async () => {
      isStopping = true;
      await Promise.all(running);
      for (const caller of callers) caller.close();
    },
  };
}

describe("gRPC with workers", () => {
  const socket = join(mkdtempSync(join(tmpdir(), "countersign-")), "authz.sock");
  for (const address of ["127.0.0.1:0", `unix:${socket}`]) {
    it(`is answered by all of them at ${address.split("/")[0]}, and loses nothing by reloads and by workers that go`, async () => {
      const listeners = `decision: "off", extAuthz: "${address}", admin: "127.0.0.1:0"`;
      const parse = (workers: number, rest = PRIVATE) => parseCluster({ issuers, rest, workers, listeners });
      const cluster = await startCluster({ issuers, rest: PRIVATE, workers: 2, listeners });
      const load = loadChecks(cluster.addresses.extAuthz ?? "", 8);
      try {
        await waitFor(() => load.codes.length > 200);
        assert.equal((await cluster.reload(() => parse(2, `realm: other\n${PRIVATE}`))).result, "applied");
        const before = load.codes.length;
        await waitFor(() => load.codes.length > before + 200 && cluster.decisionsBy.size === 2);
        assert.equal((await cluster.reload(() => parse(1))).result, "applied");
        await waitFor(() => cluster.pids().length === 1);
        const alone = load.codes.length;
        await waitFor(() => load.codes.length > alone + 200);
        await load.stop();
        assert.deepEqual(load.failures, []);
        assert.deepEqual(new Set(load.codes), new Set([0]));
      } finally {
        await load.stop();
        await cluster.close();
      }
    });
  }
});
