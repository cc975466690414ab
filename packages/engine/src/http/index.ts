/** `countersign/http`: from a request's headers to a token, and from a verdict to an answer. Web APIs only. */

export type { AnswerOptions, HttpAnswer } from "./answer-rejected.ts";
export { answerRejected } from "./answer-rejected.ts";
export { checkChallengeOptions } from "./check-challenge-options.ts";
export type { ChallengeOptions } from "./create-challenge.ts";
export { createChallenge } from "./create-challenge.ts";
export type { PresentingRequest } from "./create-presentation.ts";
export { createPresentation, extractProofs } from "./create-presentation.ts";
export type { Problem, ProblemOptions } from "./create-problem.ts";
export { createProblem, publicReason } from "./create-problem.ts";
export type {
  AbsentCredential,
  BearerExtraction,
  ExtractedToken,
  HeaderSource,
  MalformedCredential,
  TokenScheme,
} from "./extract-bearer.ts";
export {
  extractBearer,
  MAX_AUTHORIZATION_CHARACTERS,
  pairRawHeaders,
  rejectExtraction,
} from "./extract-bearer.ts";
