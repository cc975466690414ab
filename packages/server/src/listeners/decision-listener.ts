/** The HTTP listener that gateways ask: one path for each dialect. */

import { pairRawHeaders } from "countersign/http";

import { identifyPeer } from "../config/trusted-proxies.ts";
import { createRefusal } from "../decision/create-refusal.ts";
import {
  answerRefusal,
  describeProblem,
  MAX_HEADER_FIELDS,
  respond,
  TOO_MANY_FIELDS,
} from "../decision/http-answer.ts";
import type { ReportDecision } from "../decision/report-decision.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { createDialectFinder, type FindDialect } from "../dialects/find-dialect.ts";
import type { DoorExchange } from "./http-door.ts";
import { createQuestionJudge, type JudgeQuestion, type JudgeSetup } from "./judge-question.ts";

export interface DecisionHandlerSetup extends JudgeSetup {
  readonly dialects: readonly Dialect[];
  readonly report: ReportDecision;
}

const NOT_FOUND = describeProblem({
  status: 404,
  title: "Not Found",
  detail: "No decision endpoint has this path",
  code: "not_found",
});

/** Creates the handler of the decision listener. It never throws. */
export function createDecisionHandler(setup: DecisionHandlerSetup): (exchange: DoorExchange) => void {
  const find = createDialectFinder(setup.dialects);
  const judge = createQuestionJudge(setup);
  return (exchange) => {
    answerGateway({ ...exchange, find, judge }, setup.report).catch((error: unknown) => {
      setup.logger.error({ err: error }, "a defect in the decision listener; the request was refused");
      const rejected = createRefusal("internal_error");
      respond(exchange.response, answerRefusal({ rejected, scopes: [] }, undefined));
    });
  };
}

interface Exchange extends DoorExchange {
  readonly find: FindDialect;
  readonly judge: JudgeQuestion;
}

async function answerGateway(exchange: Exchange, report: ReportDecision): Promise<void> {
  const { request, response, address, find, judge } = exchange;
  const asked = find(request.url ?? "");
  if (asked === undefined) return respond(response, NOT_FOUND);
  if (request.rawHeaders.length > 2 * MAX_HEADER_FIELDS) return respond(response, TOO_MANY_FIELDS);
  const { dialect, target } = asked;
  const question = { method: request.method ?? "", target, headers: pairRawHeaders(request.rawHeaders) };
  const { decision, described } = await judge({
    dialect: dialect.name,
    peer: identifyPeer(request.socket.remoteAddress, address),
    read: () => dialect.describe(question),
  });
  const answer = dialect.answer(decision);
  report({
    door: dialect.name,
    ...(described && { request: described }),
    decision,
    status: answer.status,
  });
  respond(response, answer);
}
