/** The inventory as the API tells it. */

import * as z from "zod";

import { describedKey } from "./key-forms.ts";

const omitted = z.int().describe("How many there are besides those that are listed.");
const hash = z.string().nullable();

const inventoryIssuer = z.strictObject({
  name: z.string().describe("The alias."),
  issuer: z.string(),
  keySource: z.enum(["discovery", "jwksUri", "jwks", "secrets", "none"]),
  jwksUri: z.string().nullable().describe("As it is configured, without its query; null where it is not."),
  keySetHash: hash.describe("As in the list of keys."),
  isFailing: z.boolean().describe("Whether the last fetch failed."),
  keys: z.array(describedKey).describe("As in the list of keys; at most 64."),
  keysOmitted: omitted,
});

const inventoryInstance = z.strictObject({
  id: z.string(),
  version: z.string(),
  state: z.enum(["live", "silent"]).describe("As in the list of instances."),
  position: z.int().describe("Up to it all revocations are in force."),
  ageSeconds: z.number().nullable(),
  isConnected: z.boolean(),
  silentSeconds: z.number(),
  configurationHash: hash.describe("As in countersign_config_info; null where it does not say."),
  keySets: z
    .array(z.strictObject({ issuer: z.string(), hash }))
    .nullable()
    .describe('At most 64, the last of them "*" for all others where there are more.'),
});

export const inventoryAnswer: z.ZodType = z.strictObject({
  instance: z.string().describe("The one that answered; issuers are as it holds them."),
  clockMs: z.int(),
  agrees: z.boolean().describe("Whether nobody differs in anything."),
  head: z.int().describe("The last position of the feed."),
  issuers: z.array(inventoryIssuer).describe("At most 256."),
  issuersOmitted: omitted,
  instances: z.array(inventoryInstance).describe("At most 1000."),
  instancesOmitted: omitted,
  differences: z
    .array(
      z.strictObject({
        instance: z.string(),
        what: z.enum(["silent", "version", "configuration", "keys", "position", "stale", "unreported"]),
        issuer: z.string().nullable().describe("Of keys."),
        found: z.string().nullable(),
        expected: z.string().nullable().describe("What most live instances say."),
      }),
    )
    .describe("Of all instances; at most 1000."),
  differencesOmitted: omitted,
});
