/** Answers Envoy's checks: bytes in, bytes out. */

import type { Peer } from "../config/trusted-proxies.ts";
import { createRefusal } from "../decision/create-refusal.ts";
import type { ReportDecision } from "../decision/report-decision.ts";
import type { CheckRequest } from "../dialects/envoy-grpc/check-request.ts";
import { readCheckRequest } from "../dialects/envoy-grpc/check-request.ts";
import type { EnvoyGrpcDialect } from "../dialects/envoy-grpc/envoy-grpc.ts";
import { createQuestionJudge, type JudgeSetup } from "./judge-question.ts";

export interface ExtAuthzSetup extends JudgeSetup {
  readonly dialect: EnvoyGrpcDialect;
  readonly report: ReportDecision;
}

/** One call of `envoy.service.auth.v3.Authorization/Check`. */
export interface CheckCall {
  readonly message: Uint8Array;
  readonly peer: Peer;
}

/** Gives the `CheckResponse`. Rejects with `InvalidMessage` for bytes that are no `CheckRequest`, and with nothing else. */
export type HandleCheck = (call: CheckCall) => Promise<Uint8Array>;

const NO_BYTES = new Uint8Array();

/** Creates the handler of one configuration. */
export function createExtAuthzHandler(setup: ExtAuthzSetup): HandleCheck {
  const { dialect, report, logger } = setup;
  const judge = createQuestionJudge(setup);
  const answerCheck = async (check: CheckRequest, peer: Peer): Promise<Uint8Array> => {
    if (check.hasTooManyFields) return dialect.answerTooManyFields().message;
    const { decision, described } = await judge({
      dialect: dialect.name,
      peer,
      read: () => dialect.describe(check),
    });
    const { status, message } = dialect.answer(decision);
    report({ door: dialect.name, ...(described && { request: described }), decision, status });
    return message;
  };
  return async ({ message, peer }) => {
    // Nothing is read of what somebody sends who may not ask; the judge refuses them.
    const check = readCheckRequest(setup.isTrustedPeer(peer) ? message : NO_BYTES);
    try {
      return await answerCheck(check, peer);
    } catch (error) {
      logger.error({ err: error }, "a defect in the ext_authz listener; the request was refused");
      const timing = { startedAt: setup.clock(), durationMs: 0, validationMs: undefined };
      const rejected = createRefusal("internal_error");
      return dialect.answer({ allow: false, rejected, scopes: [], remove: [], timing }).message;
    }
  };
}
