/** The file's form of where the built-in proxy forwards to. */

import * as z from "zod";

import { assertionAudience } from "./assertion-audience.ts";
import type { UpstreamConfiguration } from "./configuration.ts";
import { parseListenAddress } from "./listen-address.ts";
import { checkUpstreamTls } from "./upstream-tls.ts";
import type { UpstreamTlsConfiguration } from "./upstream-tls-configuration.ts";

const MAX_UPSTREAMS = 64;

const pem = z.string().min(1).max(1_048_576);

/** Certificates toward an upstream. */
export const upstreamTlsSchema: z.ZodType<UpstreamTlsConfiguration> = z
  .strictObject({
    ca: pem.exactOptional().describe("Certificate authorities, instead of the runtime's."),
    certificate: pem.exactOptional().describe("Client certificate with its chain."),
    key: pem.exactOptional().describe("Private key of the client certificate."),
  })
  .superRefine((tls, context) => {
    const problem = checkUpstreamTls(tls);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });

/** An origin, or a Unix socket. */
export const upstreamUrlSchema: z.ZodString = z.string().refine(isOrigin, {
  error: 'Expected an origin such as "http://127.0.0.1:3000" without path, query or user, or "unix:/path"',
});

/** A name that routes use. */
export const upstreamNameSchema: z.ZodString = z
  .string()
  .max(64)
  .regex(/^[a-z0-9]+(?:[-_][a-z0-9]+)*$/, { error: "Expected lower case words joined by - or _" });

/** `upstreams`. */
export const upstreamsSchema: z.ZodType<Readonly<Record<string, UpstreamConfiguration>>> = z
  .record(
    upstreamNameSchema,
    z.union([
      upstreamUrlSchema,
      z.strictObject({
        url: upstreamUrlSchema.describe("Its origin."),
        tls: upstreamTlsSchema
          .exactOptional()
          .describe("Instead of `proxy.tls`, for an https upstream. PEM, or `file:` and a path."),
        exchange: upstreamNameSchema
          .exactOptional()
          .describe("A name of `exchanges`, for routes that lead here and name none."),
        assertionAudience: assertionAudience(
          "Whom the assertions of routes that lead here are for.",
        ).exactOptional(),
      }),
    ]),
  )
  .refine((upstreams) => Object.keys(upstreams).length <= MAX_UPSTREAMS, {
    error: `Expected at most ${MAX_UPSTREAMS} upstreams`,
  });

function isOrigin(text: string): boolean {
  if (text.startsWith("unix:")) return parseListenAddress(text) !== undefined;
  if (!URL.canParse(text)) return false;
  const { protocol, origin } = new URL(text);
  return (protocol === "http:" || protocol === "https:") && (text === origin || text === `${origin}/`);
}
