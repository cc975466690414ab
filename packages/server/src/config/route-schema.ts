/** The file's form of routes, and of how paths are read for them. */

import * as z from "zod";
import { assertionAudience } from "./assertion-audience.ts";
import type { PathsConfiguration, RouteConfiguration } from "./configuration.ts";
import { exchangeNameSchema } from "./exchange-schema.ts";
import { requirementSchema, scopeList } from "./requirement-schema.ts";
import { checkPathPattern } from "./route-table.ts";
import { upstreamNameSchema } from "./upstream-schema.ts";

const HOST = /^(?:\*\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const METHOD = /^[A-Z][A-Z0-9-]{0,31}$/;
const NEVER_FORWARDED = new Set(["CONNECT", "TRACE"]);

const method = z
  .string()
  .regex(METHOD, { error: "Expected a method in upper case" })
  .refine((name) => !NEVER_FORWARDED.has(name), { error: "CONNECT and TRACE are always refused" });

/** One entry of `routes`. */
export const routeSchema: z.ZodType<RouteConfiguration> = z.strictObject({
  hosts: z
    .array(z.string().regex(HOST, { error: 'Expected a host in lower case without port, or "*." and one' }))
    .min(1)
    .max(32)
    .exactOptional()
    .describe('Exact hosts, or "*.example.com" for every host below. Default every host.'),
  path: z
    .string()
    .superRefine((pattern, context) => {
      const problem = checkPathPattern(pattern);
      if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    })
    .describe(
      '"/exact", "/prefix/**" (the prefix and everything below), or "/**". Percent-decoded before comparing.',
    ),
  methods: z
    .array(method)
    .min(1)
    .max(32)
    .exactOptional()
    .describe("Default every method. GET admits HEAD. Other methods of the same hosts and path are refused."),
  allow: z
    .enum(["anonymous", "optional", "authenticated"])
    .describe(
      "What the request must show: nothing, a good token or none at all, a good token. There is no default.",
    ),
  scopes: scopeList.exactOptional().describe("All of these must be among the token's scopes."),
  require: requirementSchema
    .exactOptional()
    .describe("What else must hold of the token: a name of `requirements`, or what it says."),
  shadow: z
    .boolean()
    .exactOptional()
    .describe(
      "`scopes` and `require` are judged, metered and told, but not enforced. On an anonymous route the token too.",
    ),
  preflight: z
    .enum(["allow", "deny"])
    .exactOptional()
    .describe('"allow": CORS preflights for this route pass without a token. Default "deny".'),
  introspect: z
    .boolean()
    .exactOptional()
    .describe(
      "The token's issuer is asked about it, beside all checks. Default as its `introspection` says.",
    ),
  revocation: z
    .enum(["known", "fresh"])
    .exactOptional()
    .describe(
      '"fresh": 503 while newer revocations may exist than are known here. Default "known": what is known counts.',
    ),
  singleUse: z
    .boolean()
    .exactOptional()
    .describe("A token passes once, by its jti, among all that share the replay store. Default false."),
  exchange: exchangeNameSchema
    .exactOptional()
    .describe(
      "The upstream gets another token in place of the client's: a name of `exchanges`. Default as its upstream says.",
    ),
  localReplaySeconds: z
    .int()
    .min(1)
    .max(300)
    .exactOptional()
    .describe(
      "While the replay store does not answer, first uses are remembered by this machine alone for so many seconds; then 503. Default 503 at once.",
    ),
  assertionAudience: assertionAudience(
    "Whom the assertion is for. Default as its upstream says.",
  ).exactOptional(),
  upstream: upstreamNameSchema
    .exactOptional()
    .describe("Where the built-in proxy forwards this route to: a name of `upstreams`. Default `upstream`."),
});

function choice<const Choices extends readonly [string, ...string[]]>(
  choices: Choices,
  text: string,
): z.ZodDefault<z.ZodEnum<{ [Choice in Choices[number]]: Choice }>> {
  const first = choices[0] as Choices[number];
  return z
    .enum(choices)
    .default(first as never)
    .describe(text);
}

/** `paths`. */
export const pathsSchema: z.ZodType<PathsConfiguration> = z.strictObject({
  encodedSlash: choice(["reject", "decode", "keep"], "%2F: refused with 400, read as /, or data."),
  backslash: choice(["reject", "slash", "keep"], "\\ and %5C: refused with 400, read as /, or data."),
  dotSegments: choice(
    ["reject", "remove"],
    ". and ..: refused with 400, or removed (RFC 3986 section 5.2.4).",
  ),
  doubleSlash: choice(["reject", "merge", "keep"], "//: refused with 400, read as /, or an empty segment."),
  semicolon: choice(
    ["reject", "strip", "keep"],
    "; in a segment: refused with 400, left out with what follows, or data.",
  ),
});
