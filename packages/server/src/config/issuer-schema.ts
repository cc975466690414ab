/** The file's form of the library's `IssuerOptions`. Meaning and ranges are checked by the library itself. */

import { PROFILE_NAMES } from "countersign";
import * as z from "zod";

import { bindingSchema } from "./binding-schema.ts";
import { encryptionSchema } from "./encryption-schema.ts";
import type { FileIssuer } from "./file-configuration.ts";
import { introspectionSchema } from "./introspection-schema.ts";
import { principalSchema } from "./principal-schema.ts";
import { statusListSchema } from "./status-list-schema.ts";

const KEY_SOURCES = ["discovery", "jwksUri", "jwks", "secrets"] as const;

const uncheckedOr = { error: 'Expected "unchecked" or a value of the documented kind' };

const text = z.string().min(1).max(2048);
const names = z.array(text).min(1).max(64);

/** A `file:` reference is read before the schema sees the value. */
const secret = z.strictObject({
  id: text.exactOptional(),
  base64url: z
    .string()
    .describe('base64url, "${NAME}" of the environment, or "file:" and a path, relative to this file.'),
});

/** What `keys` are anywhere: a source of public keys, or secrets. */
export const keysSchema: z.ZodType<Readonly<Record<string, unknown>>> = z
  .strictObject({
    discovery: z
      .literal(true)
      .exactOptional()
      .describe("Through the issuer's metadata (OpenID Connect or RFC 8414)."),
    jwksUri: text
      .exactOptional()
      .describe("URL of the key set: https, or http to loopback with insecureLoopbackHttp."),
    jwks: z
      .union(
        [
          z.strictObject({ keys: z.array(z.record(z.string(), z.unknown())) }),
          z.string().startsWith("file:"),
        ],
        {
          error: 'Expected a JWK Set, or "file:" and the path of one',
        },
      )
      .exactOptional()
      .describe('A JWK Set (RFC 7517 section 5) of public keys, or "file:" and a path.'),
    secrets: z
      .array(secret)
      .min(1)
      .max(16)
      .exactOptional()
      .describe("HMAC secrets, for HS256, HS384 and HS512 only."),
    timeoutMs: z.int().exactOptional().describe("Whole fetch. Default 5000; 100..30000."),
    cooldownSeconds: z
      .number()
      .exactOptional()
      .describe("Between fetches for unknown keys. Default 30; 1..3600."),
    minRefreshSeconds: z.number().exactOptional().describe("Default 60; 1..86400."),
    maxRefreshSeconds: z.number().exactOptional().describe("Default 3600; 1..86400."),
    maxStaleSeconds: z
      .number()
      .exactOptional()
      .describe("How long the last good keys are used while their source fails. Default 86400; 0..604800."),
    removalGraceSeconds: z
      .number()
      .exactOptional()
      .describe("How long an empty or shrunken set waits. Default 300; 0..3600."),
    maxBytes: z.int().exactOptional().describe("Longest answer. Default 1048576."),
    maxKeys: z.int().exactOptional().describe("Default 256."),
    maxRedirects: z.int().exactOptional().describe("Within the same origin. Default 0; 0..3."),
    insecureLoopbackHttp: z
      .boolean()
      .exactOptional()
      .describe("Admits http to this machine, for development."),
    cacheFile: text.exactOptional().describe("File in which the last good keys survive a restart."),
  })
  .refine((value) => KEY_SOURCES.filter((source) => value[source] !== undefined).length === 1, {
    error: "Expected exactly one of discovery, jwksUri, jwks and secrets",
  });

/** One entry of `issuers`. */
export const issuerSchema: z.ZodType<FileIssuer> = z.strictObject({
  issuer: text.describe("Compared code point by code point with the token's iss."),
  name: text.exactOptional().describe("Alias for metrics, logs and routes. Default the issuer's host."),
  audiences: z
    .union([z.literal("unchecked"), names], uncheckedOr)
    .describe('One of these must be in aud, exactly; "unchecked" opts out.'),
  algorithms: z.array(text).min(1).exactOptional().describe("Default RS256, PS256, ES256, Ed25519."),
  keys: keysSchema
    .exactOptional()
    .describe(
      "Where its keys are. Left out only where it is asked about opaque tokens: its JWTs are refused.",
    ),
  profile: text.exactOptional().describe(`${PROFILE_NAMES.join(", ")}. Default jwt.`),
  types: names.exactOptional().describe("Accepted typ. Default by profile."),
  requiredClaims: names.exactOptional().describe("Besides iss, aud and exp."),
  clockToleranceSeconds: z.number().exactOptional().describe("Default 30; 0..300."),
  maxLifetimeSeconds: z
    .union([z.literal("unchecked"), z.number()], uncheckedOr)
    .exactOptional()
    .describe('exp - iat. Default 86400; "unchecked" opts out.'),
  maxAgeSeconds: z.number().exactOptional().describe("now - iat. Default no bound."),
  expiry: z
    .enum(["required", "unchecked"])
    .exactOptional()
    .describe('"unchecked" admits tokens without exp. Default "required".'),
  binding: bindingSchema.exactOptional(),
  encryption: encryptionSchema
    .exactOptional()
    .describe("Its tokens are encrypted around their signature: how they are opened. Default they are not."),
  principal: principalSchema
    .exactOptional()
    .describe("Where its tokens say who they speak for. What nothing maps grants nothing."),
  tenants: z
    .union([z.literal("unchecked"), names], uncheckedOr)
    .exactOptional()
    .describe(
      'The principal\'s tenant must be one of these. Needed with google, github-actions, gitlab and spiffe; "unchecked" opts out. Default any tenant.',
    ),
  introspection: introspectionSchema
    .exactOptional()
    .describe("Asks the issuer about its tokens (RFC 7662). Default: never."),
  statusLists: statusListSchema
    .exactOptional()
    .describe("Looks tokens up in the status lists that the issuer publishes. Default: never."),
});
