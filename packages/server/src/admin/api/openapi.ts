/** The API's description (OpenAPI 3.1), from the table that answers. */

import * as z from "zod";

import type { ApiAnswer, ApiRoute } from "./api-route.ts";

const PROBLEM = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().describe("For programs: it does not change."),
  })
  .describe("Problem details (RFC 9457).");

const OAUTH_ERROR = z.object({ error: z.string(), error_description: z.string() });

/** What may go wrong anywhere. */
const COMMON: Readonly<Record<number, ApiAnswer>> = {
  400: { description: "The question is not in the form that this page describes." },
  401: { description: "Who asks does not show that it may." },
  403: { description: "The token does not have the scope of operators." },
  413: { description: "The body is longer than 1 MiB." },
  415: { description: "The body is of another type." },
  429: { description: "Too many questions; Retry-After says when to come back." },
  503: {
    description: "The store, or what the token is checked by, gives no answer. Asking again is harmless.",
  },
};

const SECURITY = {
  operator: [{ operator: [] }],
  client: [{ client: [] }, {}],
  anybody: [{}],
} as const;

export function describeApi(routes: readonly ApiRoute[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = `/api/v1${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeOperation(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Countersign",
      version,
      description: "Revokes tokens, and tells how far every instance is.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: "The admin listener." }],
    paths,
    components: {
      schemas: { Problem: toSchema(PROBLEM), OauthError: toSchema(OAUTH_ERROR) },
      securitySchemes: {
        operator: {
          type: "http",
          scheme: "bearer",
          description: "The token of `api.tokenFile`, or a token of an issuer with `api.scope`.",
        },
        client: { type: "http", scheme: "basic", description: "A client of `api.clients`; or in the form." },
      },
    },
  };
}

function describeOperation({ operationId, summary, access, path, query, body, answers }: ApiRoute): object {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const inPath = names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } }));
  const parameters = [...inPath, ...(query === undefined ? [] : describeQuery(query))];
  const all = access === "anybody" ? answers : { ...COMMON, ...answers };
  return {
    operationId,
    summary,
    security: SECURITY[access],
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: {
        required: true,
        content: {
          [body.type]: {
            schema: body.type === "application/x-ndjson" ? { type: "string" } : toSchema(body.schema),
          },
        },
      },
    }),
    responses: Object.fromEntries(
      Object.entries(all).map(([status, answer]) => [status, describeAnswer(Number(status), answer, access)]),
    ),
  };
}

function describeQuery(query: z.ZodType): readonly object[] {
  const { properties = {}, required = [] } = toSchema(query) as {
    readonly properties?: Readonly<Record<string, object>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => {
    return { name, in: "query", required: required.includes(name), schema };
  });
}

function describeAnswer(status: number, answer: ApiAnswer, access: ApiRoute["access"]): object {
  const { description, schema, type = "application/json" } = answer;
  if (status >= 400) {
    const name = access === "client" ? "OauthError" : "Problem";
    const media = access === "client" ? "application/json" : "application/problem+json";
    return { description, content: { [media]: { schema: { $ref: `#/components/schemas/${name}` } } } };
  }
  return schema === undefined
    ? { description }
    : { description, content: { [type]: { schema: toSchema(schema) } } };
}

function toSchema(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return rest;
}
