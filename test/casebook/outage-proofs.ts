/** Proofs about issuers that fail: what could not be checked is 503, and concerns nobody else. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { createTestIssuer, type TestIssuer } from "countersign/testing";
import { createDecisionFront, DECISION_MODELS } from "../../conformance/casebook/decision-models.ts";
import {
  headerOf,
  type RawAnswer,
  sendRaw,
  writeRequest,
} from "../../packages/server/test/kit/raw-request.ts";
import { type Sidecar, startSidecar } from "../../packages/server/test/kit/start-sidecar.ts";
import type { Proofs } from "./describe-proofs.ts";

const REST = "routes: [{ path: /**, allow: authenticated }]";
/** Of a fetch that hangs. */
const TIMEOUT_MS = 1500;
const PATIENT_TIMEOUT_MS = 20_000;
const LEAVING_CLIENTS = 50;

function serve(): Promise<TestIssuer> {
  return createTestIssuer({ serve: true, algorithms: ["ES256"] });
}

function trust(issuer: TestIssuer, timeoutMs: number): object {
  const keys = { jwksUri: issuer.jwksUri, insecureLoopbackHttp: true, timeoutMs };
  return { ...issuer.validatorOptions(), name: new URL(issuer.issuer).host.replace(":", "-"), keys };
}

function writeCall(token: string): string {
  const description = ["Method: GET", "Uri: /x", "Host: api.test", "Proto: http"].map(
    (part) => `X-Forwarded-${part}`,
  );
  return writeRequest("GET /authz", ["Host: sidecar", ...description, `Authorization: Bearer ${token}`]);
}

async function ask({ decision }: Sidecar, issuer: TestIssuer): Promise<RawAnswer> {
  return sendRaw(decision, writeCall(await issuer.sign()));
}

function assertUnavailable(answer: RawAnswer, what: string): void {
  assert.equal(answer.status, 503, what);
  assert.equal(headerOf(answer, "retry-after").length, 1, what);
  assert.deepEqual(headerOf(answer, "www-authenticate"), [], what);
}

interface Issuers {
  readonly issuers: readonly TestIssuer[];
  /** Of each fetch of keys. Default longer than any test. */
  readonly timeoutMs?: number;
}

/** Runs with issuers of which some fail, and ends all of them. */
async function withIssuers(
  { issuers, timeoutMs = PATIENT_TIMEOUT_MS }: Issuers,
  use: (sidecar: Sidecar) => Promise<void>,
): Promise<void> {
  let sidecar: Sidecar | undefined;
  try {
    sidecar = await startSidecar({
      issuers: issuers.map((issuer) => trust(issuer, timeoutMs)),
      rest: REST,
      listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
    });
    await use(sidecar);
  } finally {
    await sidecar?.close();
    for (const issuer of issuers) await issuer.close();
  }
}

export const OUTAGE_PROOFS: Proofs = {
  "30 answers 503 with Retry-After, and not 401, where the issuer publishes no key": async () => {
    const issuer = await serve();
    issuer.server?.documents.set("/jwks", { keys: [] });
    await withIssuers({ issuers: [issuer] }, async (sidecar) => {
      assertUnavailable(await ask(sidecar, issuer), "generic");
      for (const model of DECISION_MODELS) {
        const headers = [["Authorization", `Bearer ${await issuer.sign()}`] as const];
        const request = { method: "GET", target: "/x", host: "api.test", headers };
        const { status, reached } = await createDecisionFront(model, sidecar.decision).send(request);
        assert.deepEqual([status, reached.length], [503, 0], model.name);
      }
    });
  },

  "42 lives through key sets that are endless, deep or many, and answers 503": async () => {
    const [endless, bomb, deep, many, good] = [
      await serve(),
      await serve(),
      await serve(),
      await serve(),
      await serve(),
    ];
    endless.server?.faults.set("/jwks", { paddingBytes: 8_388_608 });
    bomb.server?.faults.set("/jwks", { gzipBombBytes: 67_108_864 });
    deep.server?.faults.set("/jwks", { body: `{"keys":${"[".repeat(200_000)}` });
    const [key] = many.jwks().keys;
    many.server?.documents.set("/jwks", {
      keys: Array.from({ length: 2000 }, (_, index) => ({ ...key, kid: `k${index}` })),
    });
    await withIssuers({ issuers: [endless, bomb, deep, many, good] }, async (sidecar) => {
      for (const [name, issuer] of Object.entries({ endless, bomb, deep, many }))
        assertUnavailable(await ask(sidecar, issuer), name);
      assert.equal((await ask(sidecar, good)).status, 200);
    });
  },

  "42 lives through clients that leave while their keys are fetched": async () => {
    const issuer = await serve();
    // So slow that the clients are gone before the keys are there.
    issuer.server?.faults.set("/jwks", { byteEveryMs: 1 });
    await withIssuers({ issuers: [issuer] }, async (sidecar) => {
      const { hostname: host, port } = new URL(`http://${sidecar.decision}`);
      const call = writeCall(await issuer.sign());
      for (let client = 0; client < LEAVING_CLIENTS; client += 1) {
        const socket = connect({ host, port: Number(port) });
        await once(socket, "connect");
        socket.write(call);
        socket.resetAndDestroy();
      }
      assert.equal((await ask(sidecar, issuer)).status, 200);
      assert.deepEqual(
        sidecar.log.filter(({ level }) => level === "error"),
        [],
      );
    });
  },

  "44 judges the tokens of one issuer while another does not answer": async () => {
    const [hung, good] = [await serve(), await serve()];
    hung.server?.faults.set("*", { hang: true });
    await withIssuers({ issuers: [hung, good], timeoutMs: TIMEOUT_MS }, async (sidecar) => {
      const settled: number[] = [];
      const waiting = Array.from({ length: 20 }, async () => {
        const answer = await ask(sidecar, hung);
        settled.push(answer.status);
        assertUnavailable(answer, "hung");
      });
      assert.equal((await ask(sidecar, good)).status, 200);
      assert.deepEqual(settled, [], "the others still wait");
      await Promise.all(waiting);
    });
  },
};
