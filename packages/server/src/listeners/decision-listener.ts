/** The HTTP listener that gateways ask: one path for each dialect. */

import { createRefusal } from "../decision/create-refusal.ts";
import type { HeaderReader } from "../decision/header-reading.ts";
import {
  type Answer,
  answerRefusal,
  describeProblem,
  MAX_HEADER_FIELDS,
  TOO_MANY_FIELDS,
} from "../decision/http-answer.ts";
import type { ReportDecision } from "../decision/report-decision.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { createDialectFinder } from "../dialects/find-dialect.ts";
import { createQuestionJudge, type JudgedCall, type JudgeSetup } from "./judge-question.ts";
import type { AnswerQuestion } from "./question.ts";

export interface GatewayAnswererSetup extends JudgeSetup {
  readonly dialects: readonly Dialect[];
  /** The decider's own, so that nobody reads headers twice. */
  readonly headerReader: HeaderReader;
  readonly report: ReportDecision;
}

const NOT_FOUND = describeProblem({
  status: 404,
  title: "Not Found",
  detail: "No decision endpoint has this path",
  code: "not_found",
});

// Where the client's target is in ours, it has to be there as it came.
const NOT_ON_THIS_RUNTIME = describeProblem({
  status: 501,
  title: "Not Implemented",
  detail: "This endpoint needs targets as they were sent, which Bun resolves first: run the sidecar on Node",
  code: "not_on_this_runtime",
});

/** Creates what answers behind the decision listener, whichever server it is. */
export function createGatewayAnswerer(setup: GatewayAnswererSetup): AnswerQuestion {
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
  return ({ method, target: url, rawHeaders, peer, isEdited = false }) => {
    try {
      const asked = find(url);
      if (asked === undefined) return NOT_FOUND;
      if (rawHeaders.length > 2 * MAX_HEADER_FIELDS) return TOO_MANY_FIELDS;
      const { dialect, target } = asked;
      if (isEdited && dialect.takesTarget === true) return NOT_ON_THIS_RUNTIME;
      const read = () =>
        dialect.describe({ method, target, reading: headerReader.read(rawHeaders, isEdited) });
      const judged = judge({ dialect: dialect.name, peer, read });
      if (!(judged instanceof Promise)) return answer(dialect, judged);
      return judged.then((settled) => answer(dialect, settled)).catch(fail);
    } catch (error) {
      return fail(error);
    }
  };
}
