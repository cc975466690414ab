/** `countersign/lambda`: authorizers of API Gateway, guards for functions, viewer requests of CloudFront. */

export type { GuardOptions, GuardRule, ShadowTold } from "../middleware/guard-options.ts";
export type {
  AuthorizerAnswer,
  AuthorizerContext,
  PolicyAnswer,
  SimpleAnswer,
} from "./authorizer-answer.ts";
export type {
  AuthorizerCache,
  AuthorizerFormat,
  AuthorizerOptions,
  AuthorizerRule,
} from "./authorizer-options.ts";
export { type Authorizer, AuthorizerUnavailable, createAuthorizer } from "./create-authorizer.ts";
export type {
  AuthorizerEvent,
  ProxyEvent,
  RequestAuthorizerEventV1,
  RequestAuthorizerEventV2,
  RequestEventV1,
  RequestEventV2,
  TokenAuthorizerEvent,
} from "./lambda-events.ts";
export {
  createGuard,
  createViewerRequestHandler,
  type EdgeField,
  type EdgeRequest,
  type EdgeResponse,
  type LambdaCaller,
  type LambdaGuard,
  type ProxyResult,
  type ViewerRequestEvent,
  type ViewerRequestHandler,
} from "./lambda-guard.ts";
