/** The file's form of `exchanges`. */

import * as z from "zod";

import {
  checkEndpointUrl,
  clientCredentialsShape,
  endpointBoundsShape,
  findCredentialProblems,
  type MemberProblem,
  whole,
} from "./client-credentials-schema.ts";
import type { ExchangeConfiguration } from "./exchange-configuration.ts";
import { scopeList } from "./requirement-schema.ts";

const MAX_EXCHANGES = 64;
const MAX_TARGETS = 16;

const text = z.string().min(1).max(2048);

/** A name that routes and upstreams use. */
export const exchangeNameSchema: z.ZodString = z
  .string()
  .max(64)
  .regex(/^[a-z0-9]+(?:[-_][a-z0-9]+)*$/, { error: "Expected lower case words joined by - or _" });

const exchange: z.ZodType<ExchangeConfiguration> = z
  .strictObject({
    tokenEndpoint: text.describe("https, or http to loopback with insecureLoopbackHttp."),
    ...clientCredentialsShape,
    assertionAudience: text
      .exactOptional()
      .describe("The aud of assertions, often the authorization server's issuer. Default tokenEndpoint."),
    issuers: z
      .array(z.string().min(1).max(64))
      .min(1)
      .max(100)
      .exactOptional()
      .describe("Names of the `issuers` whose tokens may be shown there. Default the only one."),
    audiences: z.array(text).max(MAX_TARGETS).default([]).describe("Whom the new token is for, by name."),
    resources: z
      .array(text)
      .max(MAX_TARGETS)
      .default([])
      .describe("Whom the new token is for, by URI (RFC 8707)."),
    scopes: scopeList.default([]).describe("What it shall permit. Default the server's choice."),
    requestedTokenType: z
      .enum(["access_token", "jwt", "txn_token"])
      .default("access_token")
      .describe("The first two go into Authorization, a transaction token into Txn-Token."),
    subjectTokenType: z
      .enum(["access_token", "jwt"])
      .default("access_token")
      .describe("As what the client's token is shown."),
    cacheSeconds: whole(
      { min: 0, max: 3600, fallback: 300 },
      "A new token is used again so long, never to its end or past that of the client's token.",
    ),
    negativeCacheSeconds: whole({ min: 0, max: 5, fallback: 5 }, "A refusal is believed so long."),
    maxCacheEntries: whole({ min: 1, max: 1_000_000, fallback: 10_000 }, "Tokens that are remembered."),
    maxTokenBytes: whole({ min: 256, max: 16_384, fallback: 8192 }, "Longest new token."),
    ...endpointBoundsShape,
    insecureLoopbackHttp: z
      .boolean()
      .default(false)
      .describe("Admits http to this machine, for development."),
  })
  .superRefine((given, context) => {
    for (const [path, message] of findProblems(given)) {
      context.addIssue({ code: "custom", path: readPath(path), message });
    }
  });

/** `exchanges`. */
export const exchangesSchema: z.ZodType<Readonly<Record<string, ExchangeConfiguration>>> = z
  .record(exchangeNameSchema, exchange)
  .refine((exchanges) => Object.keys(exchanges).length <= MAX_EXCHANGES, {
    error: `Expected at most ${MAX_EXCHANGES} exchanges`,
  });

function readPath(path: string): (string | number)[] {
  return path.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

function findProblems(given: ExchangeConfiguration): readonly MemberProblem[] {
  const { tokenEndpoint, insecureLoopbackHttp, resources } = given;
  const problem = checkEndpointUrl(tokenEndpoint, insecureLoopbackHttp);
  return [
    ...(problem === undefined ? [] : [["tokenEndpoint", problem] as const]),
    ...findTargetProblems(given),
    ...resources.flatMap((resource, index): readonly MemberProblem[] =>
      URL.canParse(resource) && !resource.includes("#")
        ? []
        : [[`resources.${index}`, "Expected an absolute URI without fragment"]],
    ),
    ...findCredentialProblems(given),
  ];
}

/** A token for nobody in particular would be good everywhere. */
function findTargetProblems({
  audiences,
  resources,
  scopes,
  requestedTokenType,
}: ExchangeConfiguration): readonly MemberProblem[] {
  if (requestedTokenType !== "txn_token") {
    if (audiences.length + resources.length > 0) return [];
    return [["audiences", "Expected at least one of audiences and resources: whom the new token is for"]];
  }
  const problems: MemberProblem[] = [];
  if (audiences.length !== 1 || resources.length > 0)
    problems.push(["audiences", "Expected exactly one audience and no resources: the trust domain"]);
  if (scopes.length === 0) problems.push(["scopes", "Expected what the transaction is for"]);
  return problems;
}
