/** Answers below /api/v1: finds the route, asks who it is, holds everything to its bounds. */

import * as z from "zod";

import type { Answer } from "../../decision/http-answer.ts";
import { describeProblem } from "../../decision/http-answer.ts";
import type { OperationalLog } from "../../telemetry/operational-log.ts";
import type { AdminQuestion } from "../admin-listener.ts";
import { answerFailure } from "./answer-failure.ts";
import { ApiError, type ApiRoute, answerJson, type Headers } from "./api-route.ts";
import type { AuthenticationSetup } from "./authenticate.ts";
import { authenticateClient, authenticateOperator } from "./authenticate.ts";
import { describeApi } from "./openapi.ts";
import { RateLimit } from "./rate-limit.ts";
import { readBody } from "./read-body.ts";

export interface ApiSetup extends AuthenticationSetup {
  readonly routes: readonly ApiRoute[];
  readonly version: string;
  readonly logger: OperationalLog;
}

const PREFIX = "/api/v1";
const MAX_TARGET_CHARACTERS = 16_384;
/** Questions of those who may ask. */
const RATE = { burst: 1000, perSecond: 500 };
/** Questions of those who show nothing that is known: guessing must take forever. */
const FAILURE_RATE = { burst: 20, perSecond: 5 };

const NOT_FOUND = describeProblem({
  status: 404,
  title: "Not Found",
  detail: "GET /api/v1/openapi.json says what there is",
  code: "not_found",
});

/** Creates what answers. It never rejects. */
export function createApi(setup: ApiSetup): (question: AdminQuestion) => Promise<Answer> {
  const rate = new RateLimit(RATE);
  const failures = new RateLimit(FAILURE_RATE);
  const described: ApiRoute = {
    method: "GET",
    path: "/openapi.json",
    operationId: "describeApi",
    summary: "Describes this API.",
    access: "anybody",
    answers: { 200: { description: "This document.", schema: z.object({}) } },
    handle: () => answerJson(200, page),
  };
  const routes = [...setup.routes, described];
  const page = describeApi(routes, setup.version);
  return async (question) => {
    const found = findRoute(routes, question);
    if (found === undefined) return NOT_FOUND;
    if ("allowed" in found) return refuseMethod(found.allowed);
    const { route } = found;
    try {
      if (!rate.take()) throw new ApiError(429, "too_many_requests", "too many questions");
      return await answer(question, found);
    } catch (error) {
      return answerFailure(error, { isOauth: route.access === "client", logger: setup.logger });
    }
  };

  async function answer(question: AdminQuestion, { route, parameters, search }: FoundRoute): Promise<Answer> {
    const headers = groupHeaders(question.rawHeaders ?? []);
    // Before anything of the question is read, but for a client's form, which may say who it is.
    const operator =
      route.access === "operator"
        ? await identify("operator", () => authenticateOperator(headers, setup))
        : "";
    const query = route.query === undefined ? {} : parse(route.query, readSearch(search));
    const raw = route.body === undefined ? {} : await readBody(question, { headers, type: route.body.type });
    const actor =
      route.access === "client"
        ? await identify("client", () =>
            authenticateClient(headers, raw as Record<string, unknown>, setup.configuration),
          )
        : operator;
    const body = route.body === undefined ? undefined : parse(route.body.schema, raw);
    return route.handle({ parameters, query, body, headers, actor });
  }

  /** Strangers are slowed down. Nobody guesses an operator's token, so that operators need not wait for strangers. */
  async function identify(
    access: "operator" | "client",
    find: () => Promise<string> | string,
  ): Promise<string> {
    const tooMany = new ApiError(429, "too_many_failures", "too many questions of strangers");
    if (access === "client" && !failures.isOpen) throw tooMany;
    try {
      return await find();
    } catch (error) {
      if (error instanceof ApiError && error.status === 401 && !failures.take()) throw tooMany;
      throw error;
    }
  }
}

interface FoundRoute {
  readonly route: ApiRoute;
  readonly parameters: Readonly<Record<string, string>>;
  readonly search: string;
}

function findRoute(
  routes: readonly ApiRoute[],
  { method, target }: AdminQuestion,
): FoundRoute | { readonly allowed: readonly string[] } | undefined {
  if (target.length > MAX_TARGET_CHARACTERS) return undefined;
  const [path = "", ...search] = target.split("?");
  const found = routes.flatMap((route): FoundRoute[] => {
    const parameters = matchPath(PREFIX + route.path, path);
    return parameters === undefined ? [] : [{ route, parameters, search: search.join("?") }];
  });
  const wanted = method === "HEAD" ? "GET" : method;
  // A path that is written out comes before one with a name in it.
  const route = found
    .filter((each) => each.route.method === wanted)
    .toSorted((left, right) => Object.keys(left.parameters).length - Object.keys(right.parameters).length)[0];
  if (route !== undefined || found.length === 0) return route;
  return { allowed: found.map((each) => each.route.method) };
}

function matchPath(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const text = given[index] ?? "";
    const name = /^\{(\w+)\}$/.exec(segment)?.[1];
    if (name === undefined ? text !== segment : text === "") return undefined;
    if (name === undefined) continue;
    try {
      parameters[name] = decodeURIComponent(text);
    } catch {
      return undefined;
    }
  }
  return parameters;
}

function refuseMethod(allowed: readonly string[]): Answer {
  const problem = { status: 405, title: "Method Not Allowed", code: "method_not_allowed" };
  const answer = describeProblem({ ...problem, detail: `Use ${allowed.join(" or ")}` });
  return { ...answer, headers: [...answer.headers, ["Allow", allowed.join(", ")]] };
}

function groupHeaders(raw: readonly string[]): Headers {
  const headers = new Map<string, string[]>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? "").toLowerCase();
    const value = raw[index + 1] ?? "";
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [value]);
    else values.push(value);
  }
  return headers;
}

/** @throws ApiError where a name comes twice: one of the two would be the one that counts. */
function readSearch(search: string): Readonly<Record<string, string>> {
  const entries = [...new URLSearchParams(search)];
  if (new Set(entries.map(([name]) => name)).size === entries.length) return Object.fromEntries(entries);
  throw new ApiError(400, "invalid_request", "the query has a name twice");
}

/** @throws ApiError that names members and quotes no values. */
function parse(schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, 5).map(({ path, message }) => {
    return `${path.length === 0 ? "the whole" : path.map(String).join(".")}: ${message}`;
  });
  throw new ApiError(400, "invalid_request", problems.join("; ").slice(0, 1000));
}
