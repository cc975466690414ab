/** The file's form of `identityHeaders.assertion`. */

import * as z from "zod";

import { assertionAudience } from "./assertion-audience.ts";
import type { AssertionConfiguration } from "./assertion-configuration.ts";
import { whole } from "./client-credentials-schema.ts";

const SUFFIX = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** Claims with a meaning of their own in an assertion, or that would make another kind of token of it. */
const OWN_CLAIMS: ReadonlySet<string> = new Set([
  "iss",
  "sub",
  "aud",
  "exp",
  "nbf",
  "iat",
  "jti",
  "cnf",
  "sub_id",
  "client_id",
  "azp",
  "cid",
  "scope",
  "scp",
  "roles",
  "act",
  "acr",
  "auth_time",
  "txn",
  "nonce",
  "at_hash",
  "c_hash",
  "s_hash",
  "events",
  "htm",
  "htu",
  "ath",
  "token_introspection",
  "status_list",
  "status",
  "req_wl",
  "tctx",
  "rctx",
  "typ",
  "token_use",
  "__proto__",
]);

const keys = z.strictObject({
  algorithm: z
    .enum(["ES256", "ES384", "Ed25519", "RS256", "PS256"])
    .default("ES256")
    .describe("Of keys to be made."),
  store: z
    .union([
      z.literal("memory"),
      z.strictObject({
        directory: z
          .string()
          .min(1)
          .max(4096)
          .regex(/^[^\0]+$/)
          .describe("A folder of its own, on this machine."),
      }),
    ])
    .describe('Where it is written which keys there are. "memory": others with each start, for development.'),
  backend: z
    .record(z.string(), z.unknown())
    .exactOptional()
    .describe(
      "What holds the keys: { backend: file, directory, passphrase: { env } or { file } }, or a KMS. See the guide of signing back ends.",
    ),
  rotationSeconds: whole(
    { min: 3600, max: 31_536_000, fallback: 2_592_000 },
    "A key signs for at least so long; the next has been published for a day and more by then.",
  ),
});

/** `identityHeaders.assertion`. */
export const assertionSchema: z.ZodType<AssertionConfiguration> = z.strictObject({
  header: z
    .string()
    .max(64)
    .regex(SUFFIX, { error: "Expected lower case words joined by -" })
    .default("assertion")
    .describe("Suffix of the header."),
  issuer: z
    .string()
    .max(512)
    .refine(isIssuer, { error: "Expected an https URL without query and fragment (http for this machine)" })
    .describe("The iss: who the sidecar is to upstreams."),
  audience: assertionAudience("The aud, but for upstreams and routes that name another."),
  lifetimeSeconds: whole(
    { min: 10, max: 60, fallback: 60 },
    "From iat to exp, never past the end of the client's token.",
  ),
  subjects: z
    .enum(["plain", "qualified"])
    .exactOptional()
    .describe(
      "What sub is. plain: the token's own. qualified: the issuer's name, |, and the token's own. Needed where there are several issuers.",
    ),
  claims: z
    .array(
      z
        .string()
        .min(1)
        .max(256)
        .refine((name) => !OWN_CLAIMS.has(name), { error: "Expected a claim without a meaning of its own" }),
    )
    .max(16)
    .default([])
    .describe("Claims of the token that are repeated as they are."),
  keys,
});

function isIssuer(text: string): boolean {
  if (!URL.canParse(text) || /[?#\s"\\]/.test(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  const isLocal = /^(?:localhost|127\.[0-9.]+|\[::1\])$/.test(hostname);
  return username === "" && password === "" && (protocol === "https:" || (protocol === "http:" && isLocal));
}
