/** Answers Envoy's checks: bytes in, bytes out. */

import type { Peer } from "../config/trusted-proxies.ts";
import { createRefusal } from "../decision/create-refusal.ts";
import type { HeaderReader } from "../decision/header-reading.ts";
import type { ReportDecision } from "../decision/report-decision.ts";
import type { DialectReading } from "../dialects/dialect.ts";
import { readCheckRequest } from "../dialects/envoy-grpc/check-request.ts";
import type { EnvoyGrpcDialect } from "../dialects/envoy-grpc/envoy-grpc.ts";
import { createQuestionJudge, type JudgedCall, type JudgeSetup } from "./judge-question.ts";

export interface ExtAuthzSetup extends JudgeSetup {
  readonly dialect: EnvoyGrpcDialect;
  /** The decider's own, so that nobody reads headers twice. */
  readonly headerReader: HeaderReader;
  readonly report: ReportDecision;
}

/** One call of `envoy.service.auth.v3.Authorization/Check`. */
export interface CheckCall {
  readonly message: Uint8Array;
  readonly peer: Peer;
}

/** Gives the `CheckResponse`: at once, unless the decision has to wait. @throws InvalidMessage, and nothing else. */
export type HandleCheck = (call: CheckCall) => Uint8Array | Promise<Uint8Array>;

const NO_BYTES = new Uint8Array();

/** Creates the handler of one configuration. */
export function createExtAuthzHandler(setup: ExtAuthzSetup): HandleCheck {
  const { dialect, headerReader, report } = setup;
  const door = dialect.name;
  const judge = createQuestionJudge(setup);
  const answer = ({ decision, described }: JudgedCall): Uint8Array => {
    const { status, message } = dialect.answer(decision);
    report(
      described === undefined ? { door, decision, status } : { door, request: described, decision, status },
    );
    return message;
  };
  const fail = (error: unknown): Uint8Array => {
    setup.logger.error({ err: error }, "a defect in the ext_authz listener; the request was refused");
    const timing = { startedAt: setup.clock(), durationMs: 0, validationMs: undefined };
    const rejected = createRefusal("internal_error");
    return dialect.answer({ allow: false, rejected, scopes: [], remove: [], timing }).message;
  };
  return ({ message, peer }) => {
    // Nothing is read of what somebody sends who may not ask; the judge refuses them.
    const check = readCheckRequest(setup.isTrustedPeer(peer) ? message : NO_BYTES);
    try {
      if (check.hasTooManyFields) return dialect.answerTooManyFields().message;
      const read = (): DialectReading => dialect.describe(check, headerReader.read(check.rawHeaders));
      const judged = judge({ dialect: door, peer, read });
      return judged instanceof Promise ? judged.then(answer).catch(fail) : answer(judged);
    } catch (error) {
      return fail(error);
    }
  };
}
