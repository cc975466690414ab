/** The file's form of requirements. Meaning is checked by the policy's compiler. */

import type { Requirement } from "countersign/policy";
import * as z from "zod";
import { MAX_CEL_CHARACTERS } from "../policy/cel-expression.ts";

const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/;
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

const text = z.string().min(1).max(2048);
const names = z.array(text).min(1).max(64);
const scalar = z.union([z.string().max(2048), z.number(), z.boolean()], {
  error: "Expected text, a number, true or false",
});

/** Scopes of a list (RFC 6749 section 3.3). */
export const scopeList: z.ZodType<readonly string[]> = z
  .array(z.string().regex(SCOPE, { error: "Expected a scope (RFC 6749 section 3.3)" }))
  .min(1)
  .max(64);

/** Name of a set of `requirements`. */
export const requirementName: z.ZodType<string> = z
  .string()
  .regex(NAME, { error: "Expected a name of letters, digits, - and _, with a letter first" });

const claim = z.strictObject({
  path: z
    .string()
    .min(1)
    .max(256)
    .describe('JSON pointer "/a/b", dotted "a.b", or one name with "://" in it.'),
  equals: scalar.exactOptional().describe("The claim is this, of the same type."),
  oneOf: z.array(scalar).min(1).max(64).exactOptional().describe("The claim is one of these."),
  contains: scalar.exactOptional().describe("The claim is a list with this in it."),
});

/** `require` of a route, an entry of `requirements`, and what `all` and `any` hold. */
export const requirementSchema: z.ZodType<Requirement> = z
  .union([
    requirementName,
    z.strictObject({
      get all(): z.ZodExactOptional<z.ZodArray<z.ZodType<Requirement>>> {
        return z.array(requirementSchema).min(1).max(64).exactOptional().describe("Each of these must hold.");
      },
      get any(): z.ZodExactOptional<z.ZodArray<z.ZodType<Requirement>>> {
        return z.array(requirementSchema).min(1).max(64).exactOptional().describe("One of these must hold.");
      },
      issuers: names.exactOptional().describe("The token is of one of these issuers, by alias."),
      audiences: names
        .exactOptional()
        .describe("One of these is in aud, exactly, besides what the issuer's audiences ask for."),
      scopes: z
        .strictObject({ any: scopeList.exactOptional(), all: scopeList.exactOptional() })
        .exactOptional()
        .describe("One of `any`, and every one of `all`, are among the token's scopes."),
      roles: z
        .strictObject({ any: names.exactOptional(), all: names.exactOptional() })
        .exactOptional()
        .describe("One of `any`, and every one of `all`, are among the token's roles."),
      groups: z
        .strictObject({ any: names.exactOptional(), all: names.exactOptional() })
        .exactOptional()
        .describe("The same of its groups."),
      permissions: z
        .strictObject({ any: names.exactOptional(), all: names.exactOptional() })
        .exactOptional()
        .describe("The same of its permissions."),
      claims: z.array(claim).min(1).max(64).exactOptional().describe("Each of these claims is as it says."),
      principal: z
        .enum(["user", "client", "workload"])
        .exactOptional()
        .describe("Whether the token speaks for a user, for a client itself, or for a workload."),
      senderConstrained: z
        .literal(true)
        .exactOptional()
        .describe(
          "The token names a key in cnf (jkt, x5t#S256). Its proof is checked, or not, as the issuer's binding says.",
        ),
      acr: names
        .exactOptional()
        .describe("acr is one of these; else the client is asked for a stronger authentication (RFC 9470)."),
      maxAgeSeconds: z
        .int()
        .min(0)
        .max(31_536_000)
        .exactOptional()
        .describe(
          "auth_time is no longer ago; else the client is asked for a fresh authentication (RFC 9470).",
        ),
      cel: z
        .string()
        .min(1)
        .max(MAX_CEL_CHARACTERS)
        .exactOptional()
        .describe(
          "A CEL expression over token, principal and request that gives true. Where it fails, the answer is 503.",
        ),
      shadow: z.boolean().exactOptional().describe("Judged, metered and told, but not enforced."),
    }),
  ])
  .meta({ id: "requirement" });
