/** The file's form of `introspection` of an issuer. */

import * as z from "zod";

import {
  checkEndpointUrl,
  clientAlgorithmSchema,
  clientCredentialsShape,
  endpointBoundsShape,
  findCredentialProblems,
  type MemberProblem,
  whole,
} from "./client-credentials-schema.ts";
import type { IntrospectionConfiguration } from "./introspection-configuration.ts";

const text = z.string().min(1).max(2048);

const signedAnswers = z.strictObject({
  jwksUri: text.describe("Key set of those who sign answers; as `endpoint`."),
  algorithms: z.array(clientAlgorithmSchema).min(1).default(["RS256", "PS256", "ES256", "Ed25519"]),
  audiences: z
    .array(text)
    .min(1)
    .max(64)
    .exactOptional()
    .describe("One of these must be in aud. Default the client, and the issuer's audiences."),
});

/** `introspection` of an entry of `issuers`. */
export const introspectionSchema: z.ZodType<IntrospectionConfiguration> = z
  .strictObject({
    endpoint: text.describe("https, or http to loopback with insecureLoopbackHttp."),
    ...clientCredentialsShape,
    opaqueTokens: z
      .boolean()
      .default(true)
      .describe("Tokens that are no JWT are asked about here. At most one issuer may."),
    jwts: z
      .enum(["routes", "always"])
      .default("routes")
      .describe("JWTs that are good by themselves: on routes with `introspect`, or all of them."),
    jwtsOlderThanSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .exactOptional()
      .describe("JWTs that were issued longer ago, or do not say when, on every route."),
    cacheSeconds: whole({ min: 0, max: 300, fallback: 60 }, '"active" is believed so long, never past exp.'),
    negativeCacheSeconds: whole({ min: 0, max: 5, fallback: 5 }, '"inactive" is believed so long.'),
    maxCacheEntries: whole({ min: 1, max: 1_000_000, fallback: 10_000 }, "Answers that are remembered."),
    ...endpointBoundsShape,
    signedAnswers: signedAnswers
      .exactOptional()
      .describe("Answers must be signed (RFC 9701). Default: they need not be."),
    insecureLoopbackHttp: z
      .boolean()
      .default(false)
      .describe("Admits http to this machine, for development."),
  })
  .superRefine((introspection, context) => {
    for (const [path, message] of findProblems(introspection)) {
      context.addIssue({ code: "custom", path: path.split("."), message });
    }
  });

function findProblems(given: IntrospectionConfiguration): readonly MemberProblem[] {
  const { endpoint, signedAnswers: signed, insecureLoopbackHttp: isLoopbackFree } = given;
  const urls: readonly MemberProblem[] = [
    ["endpoint", endpoint],
    ...(signed === undefined ? [] : [["signedAnswers.jwksUri", signed.jwksUri] as const]),
  ];
  return [
    ...urls.flatMap(([path, url]) => {
      const problem = checkEndpointUrl(url, isLoopbackFree);
      return problem === undefined ? [] : [[path, problem] as const];
    }),
    ...findCredentialProblems(given),
  ];
}
