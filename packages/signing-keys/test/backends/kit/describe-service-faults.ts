/** What every back end that asks a service over HTTP makes of its faults. */

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import {
  type CallLimits,
  type KeyBackend,
  type KeyReference,
  type Signer,
  type SigningAlgorithm,
  SigningError,
} from "../../../src/index.ts";
import { takeLabel } from "../describe-key-backend.ts";
import { expectFailure } from "./expect-failure.ts";
import { issueToken, judgeToken } from "./issue-token.ts";
import type { FakeAnswer, FakeService } from "./start-fake-service.ts";

export interface FaultyPlace {
  readonly service: FakeService;
  /** What must stand in no error: tokens, keys, passwords. */
  readonly secrets: readonly string[];
  open(limits: CallLimits): Promise<KeyBackend>;
  stop(): Promise<void>;
}

export interface FaultSubject {
  readonly name: string;
  readonly algorithm: SigningAlgorithm;
  readonly start: () => Promise<FaultyPlace>;
  /** Requests that ask for a signature. */
  readonly signing: RegExp;
  /** Requests that make a key. */
  readonly creating: RegExp;
  /** How the service says that too much is asked. */
  /** Whether answers are bounded in size; otherwise in time alone. */
  readonly boundsAnswers: boolean;
  readonly throttled: FakeAnswer;
  readonly broken: FakeAnswer;
  readonly denied: FakeAnswer;
  /** What it says where it does not know these credentials. */
  readonly unknownCaller: { readonly answer: FakeAnswer; readonly kind: "refused" | "misconfigured" };
}

const LIMITS: CallLimits = { timeoutMs: 1500, maxConcurrent: 4, maxQueued: 8 };
const HUNG: CallLimits = { ...LIMITS, timeoutMs: 300 };

export function describeServiceFaults(subject: FaultSubject): void {
  describe(`faults of ${subject.name}`, () => {
    let place: FaultyPlace;
    let backend: KeyBackend;
    let hasty: KeyBackend;
    let reference: KeyReference;
    let signer: Signer;
    before(async () => {
      place = await subject.start();
      backend = await place.open(LIMITS);
      hasty = await place.open(HUNG);
      ({ reference } = await backend.generate({ label: takeLabel(), algorithm: subject.algorithm }));
      signer = await backend.open(reference);
    });
    afterEach(() => place.service.heal());
    after(async () => {
      await backend.close();
      await hasty.close();
      await place.stop();
    });
    const matches = subject.signing;
    const count = (pattern: RegExp): number =>
      place.service.requests.filter((each) =>
        pattern.test(`${each.method} ${each.target} ${each.headers["x-amz-target"] ?? ""}`),
      ).length;
    const expectUnavailable = async (work: Promise<unknown>): Promise<void> => {
      await expectFailure(work, { kind: "unavailable", secrets: place.secrets });
    };

    for (const name of ["throttled", "broken"] as const) {
      it(`are tried over where it is ${name}, and told where that lasts`, async () => {
        place.service.fail({ kind: "answer", answer: subject[name] }, { matches, times: 2 });
        const before = count(matches);
        const verdict = await judgeToken(await issueToken(signer), [signer.publicJwk]);
        assert.equal(verdict.ok, true);
        assert.equal(count(matches) - before, 3);
        place.service.fail({ kind: "answer", answer: subject[name] }, { matches });
        await expectUnavailable(issueToken(signer));
        assert.equal(count(matches) - before, 6);
      });
    }

    it("are tried over where the connection is cut", async () => {
      place.service.fail({ kind: "cut" }, { matches, times: 1 });
      assert.equal((await judgeToken(await issueToken(signer), [signer.publicJwk])).ok, true);
      place.service.fail({ kind: "cut" }, { matches });
      await expectUnavailable(issueToken(signer));
    });

    it("are no reason to make something twice", async () => {
      place.service.fail({ kind: "answer", answer: subject.broken }, { matches: subject.creating });
      const before = count(subject.creating);
      await expectUnavailable(backend.generate({ label: takeLabel(), algorithm: subject.algorithm }));
      assert.equal(count(subject.creating) - before, 1);
    });

    it("are no reason to ask again where the answer is no", async () => {
      const before = count(matches);
      place.service.fail({ kind: "answer", answer: subject.denied }, { matches });
      await expectFailure(issueToken(signer), { kind: "refused", secrets: place.secrets });
      assert.equal(count(matches) - before, 1);
    });

    it("are told apart from credentials that it does not know", async () => {
      const { answer, kind } = subject.unknownCaller;
      place.service.fail({ kind: "answer", answer }, { matches });
      await expectFailure(issueToken(signer), { kind, secrets: place.secrets });
    });

    it("end in time where it says nothing", async () => {
      const late = await hasty.open(reference);
      place.service.fail({ kind: "hang" }, { matches });
      await expectFailure(issueToken(late), {
        kind: "unavailable",
        message: /within 300 ms/,
        secrets: place.secrets,
      });
    });

    it("do not fill the memory where an answer never ends", async () => {
      const late = await hasty.open(reference);
      place.service.fail({ kind: "endless" }, { matches });
      await expectFailure(issueToken(late), {
        kind: "unavailable",
        message: subject.boundsAnswers ? /at most \d+ octets/ : /within 300 ms/,
        secrets: place.secrets,
      });
    });

    for (const [what, body] of [
      ["no JSON", "<html>a gateway's page</html>"],
      ["another kind of JSON", "[]"],
      ["nothing in it", "{}"],
      ["nothing at all", ""],
    ] as const) {
      it(`are seen in an answer with ${what}`, async () => {
        place.service.fail({ kind: "answer", answer: { status: 200, body } }, { matches });
        await expectUnavailable(issueToken(signer));
      });
    }

    it("do not lead elsewhere: no redirect is followed", async () => {
      const location = "/elsewhere";
      for (const status of [301, 302, 307, 308]) {
        place.service.fail({ kind: "answer", answer: { status, headers: { location } } });
        for (const work of [() => issueToken(signer), () => backend.open(reference)]) {
          const error = await work().then(
            () => assert.fail("expected a rejection"),
            (reason: unknown) => reason,
          );
          assert.ok(error instanceof SigningError);
        }
        place.service.heal();
      }
      assert.ok(!place.service.requests.some(({ target }) => target === "/elsewhere"));
    });

    it("refuse what would wait behind too many", async () => {
      place.service.fail({ kind: "hang" }, { matches });
      const late = hasty.open(reference);
      await expectUnavailable(late);
      const waiting = Array.from({ length: 12 }, () => expectUnavailable(backend.open(reference)));
      await expectFailure(backend.open(reference), { kind: "unavailable", message: /under way and 8 wait/ });
      await Promise.all(waiting);
    });

    it("end with the service itself", async () => {
      const other = await subject.start();
      const abandoned = await other.open(LIMITS);
      const made = await abandoned.generate({ label: takeLabel(), algorithm: subject.algorithm });
      const last = await abandoned.open(made.reference);
      await other.service.stop();
      await expectFailure(issueToken(last), { kind: "unavailable", secrets: other.secrets });
      await abandoned.close();
      await other.stop();
    });
  });
}
