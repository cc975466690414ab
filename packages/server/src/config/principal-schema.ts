/** The file's form of an issuer's `principal`. Paths and their places are checked by the library itself. */

import type { PrincipalMapping } from "countersign";
import * as z from "zod";

const text = z.string().min(1).max(2048);
const path = z
  .string()
  .min(1)
  .max(256)
  .describe('JSON pointer "/a/b", dotted "a.b", or one name with "://" in it.');

const transform = z
  .union(
    [
      z.enum(["lowercase", "lastSegment"]),
      z.strictObject({ prefix: text }),
      z.strictObject({ removePrefix: text }),
      z.strictObject({ values: z.record(text, text) }),
    ],
    { error: "Expected lowercase, lastSegment, or one of prefix, removePrefix and values" },
  )
  .exactOptional()
  .describe(
    "What is made of each text: lowercase; lastSegment, what follows the last slash; prefix, put before it; removePrefix, only texts that begin with it; values, only those listed, each as what it stands for.",
  );

const textClaim = z.union([
  path,
  z.strictObject({
    path,
    transform,
    default: text.exactOptional().describe("Where the claim is absent or no text."),
  }),
]);
const texts = z.union([textClaim, z.array(textClaim).max(8)]);

const listClaim = z.union([
  path,
  z.strictObject({
    path,
    type: z
      .enum(["list", "words"])
      .exactOptional()
      .describe("words: texts with spaces between them. Default words for scopes, else list."),
    transform,
  }),
]);
const lists = z.union([listClaim, z.array(listClaim).max(8)]);

/** `principal` of an issuer. */
export const principalSchema: z.ZodType<PrincipalMapping> = z.strictObject({
  kind: z
    .literal("workload")
    .exactOptional()
    .describe("The issuer speaks for running code only. Default by each token: user or client."),
  client: texts.exactOptional().describe("The first that has a value. Default client_id, azp, cid."),
  tenant: texts.exactOptional().describe("Default none."),
  session: texts.exactOptional().describe("Default sid."),
  scopes: lists.exactOptional().describe("All of them together. Default scope and scp."),
  roles: lists
    .exactOptional()
    .describe(
      'Default roles. In lists, "{audience}" as a step of a path is each of the issuer\'s audiences.',
    ),
  groups: lists.exactOptional().describe("Default groups."),
  permissions: lists.exactOptional().describe("Default permissions and entitlements."),
});
