/** Revocations as the API takes and gives them. */

import {
  findTargetProblem,
  MAX_TIME_MS,
  REVOCATION_KINDS,
  type Revocation,
  type RevocationKind,
} from "countersign";
import * as z from "zod";

import type { RevocationFilter } from "../../stores/revocation-store.ts";

const MAX_TOKEN_CHARACTERS = 65_536;

const id = z
  .string()
  .regex(/^[A-Za-z0-9._:-]{1,128}$/)
  .describe("Saying it twice under the same id is harmless.");
const time = z.int().min(0).max(MAX_TIME_MS);
const kind = z.enum(REVOCATION_KINDS as [RevocationKind, ...RevocationKind[]]);
const actor = z.string().min(1).max(256);
const reason = z.string().min(1).max(1024);

const target = z.strictObject({
  kind,
  issuer: z
    .string()
    .min(1)
    .max(2048)
    .describe("The `iss` of the tokens, or the alias of a configured issuer."),
  value: z
    .string()
    .min(1)
    .max(1024)
    .exactOptional()
    .describe("jti, sub, sid, client_id or kid; none for an issuer."),
  issuedBeforeSeconds: z
    .int()
    .min(0)
    .max(2 ** 32 - 2)
    .exactOptional()
    .describe("Tokens with an `iat` of this second or earlier. Default now. None for token and key."),
});

export const revokeForm: z.ZodType<RevokeForm> = z
  .strictObject({
    id: id.exactOptional(),
    target: target.exactOptional(),
    token: z
      .string()
      .min(1)
      .max(MAX_TOKEN_CHARACTERS)
      .exactOptional()
      .describe("Instead of a target: a good token, of which iss and jti are taken."),
    status: z.enum(["revoked", "suspended"]).default("revoked"),
    reason,
    onBehalfOf: z.string().min(1).max(200).exactOptional().describe("Who wants it, for the record."),
    expiresAtMs: time
      .exactOptional()
      .describe("Default the last moment at which it can matter, by the issuer's longest lifetime."),
  })
  .refine((form) => (form.target === undefined) !== (form.token === undefined), {
    error: "Expected either target or token",
  });

export interface RevokeForm {
  readonly id?: string;
  readonly target?: {
    readonly kind: RevocationKind;
    readonly issuer: string;
    readonly value?: string;
    readonly issuedBeforeSeconds?: number;
  };
  readonly token?: string;
  readonly status: "revoked" | "suspended";
  readonly reason: string;
  readonly onBehalfOf?: string;
  readonly expiresAtMs?: number;
}

/** A revocation as it is kept. */
export const revocationRecord: z.ZodType<Revocation> = z
  .strictObject({
    id,
    target: z.strictObject({
      kind,
      issuer: z.string(),
      value: z.string().exactOptional(),
      issuedBeforeSeconds: z.int().exactOptional(),
    }),
    status: z.enum(["revoked", "suspended"]),
    actor,
    reason,
    createdAtMs: time,
    expiresAtMs: time,
  })
  .superRefine((revocation, context) => {
    const problem = findTargetProblem(revocation.target);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });

export const appendedAnswer: z.ZodType = z.strictObject({
  id,
  position: z.int().describe("Of the feed: an instance that has applied it refuses what was revoked."),
  outcome: z.enum(["added", "known"]),
  expiresAtMs: time,
});

export interface PageQuery {
  readonly limit: number;
  readonly before?: number;
}

export type ListQuery = PageQuery & RevocationFilter;

export const listQuery: z.ZodType<ListQuery> = z.strictObject({
  id: id.exactOptional(),
  issuer: z.string().min(1).max(2048).exactOptional().describe("As in a target."),
  kind: kind.exactOptional(),
  value: z.string().min(1).max(1024).exactOptional(),
  status: z.enum(["revoked", "suspended"]).exactOptional(),
  actor: actor.exactOptional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe("Most entries of a page."),
  before: z.coerce.number().int().min(0).exactOptional().describe("`next` of the page before."),
});

export const listAnswer: z.ZodType = z.strictObject({
  entries: z.array(
    z.strictObject({ revocation: revocationRecord, position: z.int(), isLifted: z.boolean() }),
  ),
  next: z
    .int()
    .nullable()
    .describe("For `before`; null where there is no more. A page may have few and have a next."),
});

export const pageQuery: z.ZodType<PageQuery> = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(500),
  before: z.coerce.number().int().min(0).exactOptional(),
});

export const liftQuery: z.ZodType<{ readonly reason: string }> = z.strictObject({
  reason: reason.describe("Why it is taken back."),
});

export const liftAnswer: z.ZodType = z.strictObject({
  outcome: z.enum(["lifted", "known"]),
  position: z.int(),
});

export const importAnswer: z.ZodType = z.strictObject({
  added: z.int(),
  known: z.int(),
  position: z.int().describe("The highest of them."),
});

export const instancesAnswer: z.ZodType = z.strictObject({
  instances: z.array(
    z.strictObject({
      id: z.string(),
      version: z.string(),
      state: z
        .enum(["live", "silent"])
        .describe(
          "silent: no word for longer than maxStaleSeconds, so that its fresh routes refuse by themselves.",
        ),
      position: z.int(),
      ageSeconds: z
        .number()
        .nullable()
        .describe("Of its list; null before it was complete for the first time."),
      isConnected: z.boolean(),
      silentSeconds: z.number(),
    }),
  ),
  head: z.int().describe("The last position of the feed."),
});
