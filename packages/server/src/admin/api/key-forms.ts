/** Issuers' keys as the API tells them. */

import * as z from "zod";

/** As long as the longest token that may be configured. */
const MAX_TOKEN_CHARACTERS = 65_536;

const time = z.int().describe("Milliseconds since the epoch.");

const processes = z
  .strictObject({
    judging: z.int().describe("Processes that judge requests."),
    answered: z.int().describe("Those that answered in time. What the others hold is not known."),
  })
  .describe("Of this instance.");

export interface DescribedKey {
  readonly keyId: string | null;
  readonly algorithm: string | null;
  readonly keyType: string | null;
  readonly state: "current" | "held" | "revoked" | "suspended" | "gone";
  readonly isPublished: boolean;
  readonly lastUsedAtMs: number | null;
}

export const describedKey: z.ZodType<DescribedKey> = z.strictObject({
  keyId: z.string().nullable(),
  algorithm: z.string().nullable(),
  keyType: z.string().nullable(),
  state: z
    .enum(["current", "held", "revoked", "suspended", "gone"])
    .describe(
      "current: in the last key set. held: in the one before, and still counting beside it. revoked and suspended: refused, whatever a key set says. gone: in neither, and so accepted no more.",
    ),
  isPublished: z.boolean().describe("Whether a key set that is held here has it."),
  lastUsedAtMs: time
    .nullable()
    .describe(
      "When it last verified an accepted token, in any process of this instance; null where it never did since the start.",
    ),
});

export interface DescribedIssuer {
  readonly name: string;
  readonly issuer: string;
  readonly source: "fetched" | "configured";
  readonly keySetHash: string | null;
  readonly processesUpToDate: number;
  readonly fetchedAtMs: number | null;
  readonly freshUntilMs: number | null;
  readonly usableUntilMs: number | null;
  readonly isFailing: boolean;
  readonly clockSkewSeconds: number | null;
  readonly keys: readonly DescribedKey[];
}

const describedIssuer: z.ZodType<DescribedIssuer> = z.strictObject({
  name: z.string().describe("The alias."),
  issuer: z.string(),
  source: z.enum(["fetched", "configured"]),
  keySetHash: z
    .string()
    .nullable()
    .describe("SHA-256 of the public keys that count: the same on instances with the same keys."),
  processesUpToDate: z.int().describe("How many processes have said that they judge with these keys."),
  fetchedAtMs: time.nullable().describe("Of the last fetch that brought or confirmed them."),
  freshUntilMs: time.nullable(),
  usableUntilMs: time.nullable().describe("Until when they may be used while no fetch succeeds."),
  isFailing: z.boolean().describe("Whether the last fetch failed."),
  clockSkewSeconds: z
    .number()
    .nullable()
    .describe("By how much the clock of the key set's server is ahead, from its Date header."),
  keys: z.array(describedKey),
});

export const keysAnswer: z.ZodType = z.strictObject({
  instance: z.string().describe("As in the list of instances."),
  clockMs: time.describe("By the clock of this instance, when it answered."),
  processes,
  issuers: z.array(describedIssuer),
});

export interface KeysQuery {
  readonly issuer?: string;
}

export const keysQuery: z.ZodType<KeysQuery> = z.strictObject({
  issuer: z.string().min(1).max(2048).exactOptional().describe("Only this one: its `iss`, or its alias."),
});

export const canaryForm: z.ZodType<{ readonly token: string }> = z.strictObject({
  token: z.string().min(1).max(MAX_TOKEN_CHARACTERS),
});

export const canaryAnswer: z.ZodType = z.strictObject({
  instance: z.string(),
  clockMs: time,
  processes,
  verdicts: z
    .array(
      z.strictObject({
        reason: z.string().describe('"ok", or why it would be refused.'),
        keyId: z.string().nullable().describe("Of the key that verified it."),
      }),
    )
    .describe("One of each process that answered."),
});
