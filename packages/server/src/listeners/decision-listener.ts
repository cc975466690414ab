/** The HTTP listener that gateways ask: one path for each dialect. */

import { identifyPeer, type Peer } from "../config/trusted-proxies.ts";
import { createRefusal } from "../decision/create-refusal.ts";
import type { HeaderReader } from "../decision/header-reading.ts";
import {
  type Answer,
  answerRefusal,
  describeProblem,
  MAX_HEADER_FIELDS,
  respond,
  TOO_MANY_FIELDS,
} from "../decision/http-answer.ts";
import type { ReportDecision } from "../decision/report-decision.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { createDialectFinder } from "../dialects/find-dialect.ts";
import type { DoorExchange } from "./http-door.ts";
import { createQuestionJudge, type JudgedCall, type JudgeSetup } from "./judge-question.ts";

export interface DecisionHandlerSetup extends JudgeSetup {
  readonly dialects: readonly Dialect[];
  /** The decider's own, so that nobody reads headers twice. */
  readonly headerReader: HeaderReader;
  readonly report: ReportDecision;
}

/** A gateway's request, as a server gives it. */
export interface GatewayRequest {
  readonly method: string;
  /** As it came: nothing decoded, nothing resolved. */
  readonly target: string;
  /** Names and values in turn, repetitions kept. */
  readonly rawHeaders: readonly string[];
  readonly peer: Peer;
}

/** Answers at once, unless the decision has to wait for keys. Never throws and never rejects. */
export type AnswerGateway = (request: GatewayRequest) => Answer | Promise<Answer>;

const NOT_FOUND = describeProblem({
  status: 404,
  title: "Not Found",
  detail: "No decision endpoint has this path",
  code: "not_found",
});

/** Creates what answers behind the decision listener, whichever server it is. */
export function createGatewayAnswerer(setup: DecisionHandlerSetup): AnswerGateway {
  const { headerReader, report } = setup;
  const find = createDialectFinder(setup.dialects);
  const judge = createQuestionJudge(setup);
  const fail = (error: unknown): Answer => {
    setup.logger.error({ err: error }, "a defect in the decision listener; the request was refused");
    return answerRefusal({ rejected: createRefusal("internal_error"), scopes: [] }, undefined);
  };
  const answer = (dialect: Dialect, { decision, described }: JudgedCall): Answer => {
    const told = dialect.answer(decision);
    const { status } = told;
    const door = dialect.name;
    report(
      described === undefined ? { door, decision, status } : { door, request: described, decision, status },
    );
    return told;
  };
  return ({ method, target: url, rawHeaders, peer }) => {
    try {
      const asked = find(url);
      if (asked === undefined) return NOT_FOUND;
      if (rawHeaders.length > 2 * MAX_HEADER_FIELDS) return TOO_MANY_FIELDS;
      const { dialect, target } = asked;
      const read = () => dialect.describe({ method, target, reading: headerReader.read(rawHeaders) });
      const judged = judge({ dialect: dialect.name, peer, read });
      if (!(judged instanceof Promise)) return answer(dialect, judged);
      return judged.then((settled) => answer(dialect, settled)).catch(fail);
    } catch (error) {
      return fail(error);
    }
  };
}

/** Creates the handler of the decision listener on node's HTTP server. It never throws. */
export function createDecisionHandler(setup: DecisionHandlerSetup): (exchange: DoorExchange) => void {
  const answerGateway = createGatewayAnswerer(setup);
  return ({ request, response, address, isClosing }) => {
    const answer = answerGateway({
      method: request.method ?? "",
      target: request.url ?? "",
      rawHeaders: request.rawHeaders,
      peer: identifyPeer(request.socket.remoteAddress, address),
    });
    if (!(answer instanceof Promise)) return respond(response, answer, isClosing());
    answer.then(
      (settled) => respond(response, settled, isClosing()),
      () => response.destroy(),
    );
  };
}
