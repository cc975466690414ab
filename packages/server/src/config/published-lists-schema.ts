/** The file's form of `publishedStatusLists`. */

import * as z from "zod";

import { clientAlgorithmSchema, whole } from "./client-credentials-schema.ts";
import type {
  PublishedListConfiguration,
  PublishedListsConfiguration,
} from "./published-lists-configuration.ts";
import { storeSchema } from "./revocation-schema.ts";
import { readSigningKey } from "./signing-key.ts";

const list: z.ZodType<PublishedListConfiguration> = z
  .strictObject({
    issuer: z.string().min(1).max(64).describe("The name of an entry of `issuers`."),
    uri: z
      .string()
      .max(1024)
      .refine(isListAddress, {
        error: "Expected an http(s) URL without query, fragment and slash at the end",
      })
      .describe("Where others find the lists: below this address, by number."),
    privateKey: z
      .string()
      .min(1)
      .max(65_536)
      .describe('PEM (PKCS #8), "${NAME}", or "file:" and a path. One of the issuer\'s keys.'),
    keyId: z.string().min(1).max(256).describe("Its kid among the issuer's keys."),
    algorithm: clientAlgorithmSchema.exactOptional().describe("Default by key: RS256, ES256 or Ed25519."),
    ttlSeconds: whole(
      { min: 10, max: 86_400, fallback: 60 },
      "How long others use a list before they ask again: so long a revocation may take.",
    ),
    lifetimeSeconds: whole({ min: 10, max: 604_800, fallback: 600 }, "How long a list counts at all."),
    capacity: z
      .int()
      .min(8)
      .max(1_048_576)
      .multipleOf(8)
      .default(131_072)
      .describe("Statuses of a list, of which three quarters are given away. The next list follows."),
  })
  .superRefine(({ privateKey, algorithm, ttlSeconds, lifetimeSeconds }, context) => {
    const key = readSigningKey(privateKey, algorithm);
    if ("problem" in key) context.addIssue({ code: "custom", path: ["privateKey"], message: key.problem });
    if (lifetimeSeconds >= ttlSeconds) return;
    const message = "Expected no less than ttlSeconds";
    context.addIssue({ code: "custom", path: ["lifetimeSeconds"], message });
  });

/** `publishedStatusLists`. */
export const publishedListsSchema: z.ZodType<PublishedListsConfiguration> = z.strictObject({
  store: storeSchema
    .default("memory")
    .describe("Which token has which index. memory: until this sidecar ends, and so for trying it out."),
  lists: z
    .array(list)
    .min(1)
    .max(100)
    .describe("At GET /api/v1/status-lists/{issuer}/{number} of the admin listener."),
});

function isListAddress(text: string): boolean {
  if (!URL.canParse(text) || text.endsWith("/")) return false;
  const { protocol, username, password, search, hash, href } = new URL(text);
  const isPlain = username === "" && password === "" && search === "" && hash === "";
  return isPlain && (protocol === "https:" || protocol === "http:") && !/[?#]/.test(href);
}
