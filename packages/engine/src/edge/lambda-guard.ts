/** Functions that are called by API Gateway or their own URL, and CloudFront's viewer requests. */

import type { HttpAnswer } from "../http/answer-rejected.ts";
import { createRequestGuard, type GuardOutcome } from "../middleware/create-request-guard.ts";
import type { GuardOptions, GuardRule } from "../middleware/guard-options.ts";
import type { Principal } from "../principal/principal.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";
import { describeProxyEvent, type ProxyEvent } from "./lambda-events.ts";

/** Who asks; both undefined where an optional token is absent. */
export interface LambdaCaller {
  readonly principal: Principal | undefined;
  readonly token: VerifiedToken | undefined;
}

/** As API Gateway and function URLs take it, in both formats. */
export interface ProxyResult {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: string;
}

export interface LambdaGuard {
  /** A handler that only runs for what passes; all else is answered 400, 401, 403 or 503, with challenge and problem details. */
  protect<E extends ProxyEvent, R extends ProxyResult, Rest extends readonly unknown[]>(
    handler: (event: E, caller: LambdaCaller, ...rest: Rest) => R | Promise<R>,
  ): (event: E, ...rest: Rest) => Promise<R | ProxyResult>;
}

/**
 * Creates a guard for a function behind an API (formats 1.0 and 2.0) or a function URL; `rule` is for all its requests.
 *
 * @throws ConfigurationError for wrong options or a wrong rule.
 * @example
 * const guard = createGuard({ validator });
 * export const handler = guard.protect((event, { principal }) => ({ statusCode: 200, body: principal?.subject ?? "" }));
 */
export function createGuard(options: GuardOptions, rule: GuardRule = {}): LambdaGuard {
  const judge = createRequestGuard(options)(rule);
  return {
    protect:
      (handler) =>
      async (event, ...rest) => {
        const outcome = await judge(describeProxyEvent(event));
        if (outcome.kind === "refused") return createResult(outcome.answer);
        const result = await handler(event, describeCaller(outcome), ...rest);
        const nonce = outcome.kind === "accepted" ? outcome.nonce : undefined;
        return nonce === undefined
          ? result
          : { ...result, headers: { ...result.headers, "DPoP-Nonce": nonce } };
      },
  };
}

function createResult({ status, headers, body }: HttpAnswer): ProxyResult {
  return { statusCode: status, headers: Object.fromEntries(headers), body };
}

function describeCaller(outcome: Exclude<GuardOutcome, { readonly kind: "refused" }>): LambdaCaller {
  if (outcome.kind === "anonymous") return { principal: undefined, token: undefined };
  const { principal, token } = outcome.accepted;
  return { principal, token };
}

type EdgeFields = Readonly<
  Record<string, readonly { readonly key?: string | undefined; readonly value: string }[] | undefined>
>;

/** The part of CloudFront's request that is read; headers are by their lower-case names. */
export interface EdgeRequest {
  readonly method: string;
  /** Without query. */
  readonly uri: string;
  readonly headers: EdgeFields;
}

export interface ViewerRequestEvent<R extends EdgeRequest = EdgeRequest> {
  readonly Records: readonly { readonly cf: { readonly request: R } }[];
}

export interface EdgeField {
  readonly key: string;
  readonly value: string;
}

export interface EdgeResponse {
  readonly status: string;
  readonly headers: Readonly<Record<string, EdgeField[]>>;
  readonly body: string;
}

/** Gives CloudFront the request itself, to go on with it, or an answer. */
export type ViewerRequestHandler = <R extends EdgeRequest>(
  event: ViewerRequestEvent<R>,
) => Promise<R | EdgeResponse>;

/**
 * Creates a handler of viewer requests for Lambda@Edge. CloudFront asks it before its cache, so that nothing that is
 * cached is given to who may not see it; at "origin request" it would be asked for misses only. (CloudFront Functions have
 * no public-key cryptography, so no validator runs there.) Nonces for DPoP cannot be told by it.
 *
 * @throws ConfigurationError for wrong options or a wrong rule.
 */
export function createViewerRequestHandler(
  options: GuardOptions,
  rule: GuardRule = {},
): ViewerRequestHandler {
  const judge = createRequestGuard(options)(rule);
  return async ({ Records }) => {
    const [record, ...others] = Records;
    if (record === undefined || others.length > 0) {
      throw new TypeError(`expected an event of one request, found ${Records.length}`);
    }
    const { request } = record.cf;
    const headers = Object.entries(request.headers).flatMap(([name, fields = []]) =>
      fields.map(({ value }) => [name, value] as const),
    );
    const outcome = await judge({ headers, method: request.method, url: request.uri });
    if (outcome.kind !== "refused") return request;
    const { status, headers: named, body } = outcome.answer;
    const answered = named.map(([key, value]): [string, EdgeField[]] => [
      key.toLowerCase(),
      [{ key, value }],
    ]);
    return { status: String(status), headers: Object.fromEntries(answered), body };
  };
}
