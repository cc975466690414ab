/** The file's form of `resource` (RFC 9728) and `exceptions`. */

import * as z from "zod";

import type { ExceptionConfiguration, ResourceConfiguration } from "./configuration.ts";
import { scopeList } from "./requirement-schema.ts";

const identifier = z.string().max(512).refine(isResourceIdentifier, {
  error: "Expected an https URL in its normal form without query and fragment (http for this machine)",
});
const link = z
  .string()
  .max(2048)
  .refine((text) => URL.canParse(text) && /^https?:\/\//.test(text), {
    error: "Expected an http or https URL",
  });

/** An identifier alone, or with what else clients are told. */
export const resourceSchema: z.ZodType<string | ResourceConfiguration> = z.union([
  identifier,
  z.strictObject({
    identifier: identifier.describe("What clients name as resource; where its metadata is follows from it."),
    name: z.string().min(1).max(256).exactOptional().describe("resource_name, for people."),
    scopesSupported: scopeList.exactOptional().describe("scopes_supported: what clients may ask for."),
    documentation: link.exactOptional().describe("resource_documentation."),
    policyUri: link.exactOptional().describe("resource_policy_uri."),
    termsOfServiceUri: link.exactOptional().describe("resource_tos_uri."),
  }),
]);

/** One entry of `exceptions`. */
export const exceptionSchema: z.ZodType<ExceptionConfiguration> = z.strictObject({
  path: z.string().min(1).max(256).describe("Where the finding is, as `countersign check` prints it."),
  reason: z
    .string()
    .regex(/^\P{Cc}{12,500}$/u, { error: "Expected a reason of 12 to 500 characters in one line" })
    .describe("Why it has to stay. It is told in the log at every start."),
});

/** RFC 9728 section 1.2: https, no fragment. A query would make two places of one. */
function isResourceIdentifier(text: string): boolean {
  if (!URL.canParse(text) || /[?#\s"\\]/.test(text)) return false;
  const { protocol, hostname, href, username, password } = new URL(text);
  const isLocal = /^(?:localhost|127\.[0-9.]+|\[::1\])$/.test(hostname);
  const isNormal = href === text || href === `${text}/`;
  return (
    username === "" &&
    password === "" &&
    isNormal &&
    (protocol === "https:" || (protocol === "http:" && isLocal))
  );
}
