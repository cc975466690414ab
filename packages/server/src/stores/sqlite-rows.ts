/** Rows of the table `feed`, and what they mean. */

import type { SQLInputValue, SQLOutputValue } from "node:sqlite";
import {
  findRevocationProblem,
  type LiftedRevocation,
  type RemainingRevocation,
  type Revocation,
  type RevocationKind,
  type RevocationStatus,
  type RevocationTarget,
} from "countersign";
import type { FeedChange, FeedRecord, ListedRevocation } from "./revocation-store.ts";

export type Row = Record<string, SQLOutputValue>;

/** `value` is "" where the kind has none. `expires_at` of a row that lifts is that of what it lifts. */
export const FEED_SCHEMA = `
  CREATE TABLE IF NOT EXISTS feed (
    position INTEGER PRIMARY KEY,
    mark TEXT NOT NULL,
    previous_mark TEXT NOT NULL,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    issuer TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    issued_before INTEGER,
    status TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    lifted_at_position INTEGER,
    remaining_issued_before INTEGER,
    remaining_expires_at INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS feed_id ON feed (id) WHERE type = 'revoked';
  CREATE INDEX IF NOT EXISTS feed_target ON feed (issuer, value, kind);
  CREATE INDEX IF NOT EXISTS feed_expiry ON feed (expires_at);
  CREATE TABLE IF NOT EXISTS head (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    position INTEGER NOT NULL,
    mark TEXT NOT NULL
  ) STRICT;
  INSERT OR IGNORE INTO head VALUES (1, 0, '')
`;

export const INSERT_ROW = `
  INSERT INTO feed (position, mark, previous_mark, type, id, issuer, kind, value, issued_before, status, actor, reason,
    created_at, expires_at, remaining_issued_before, remaining_expires_at)
  VALUES (:position, :mark, :previousMark, :type, :id, :issuer, :kind, :value, :issuedBefore, :status, :actor, :reason,
    :createdAt, :expiresAt, :remainingIssuedBefore, :remainingExpiresAt)
`;

/** The columns of a change, by the names of `INSERT_ROW`. */
export function writeChange(change: FeedChange): Record<string, SQLInputValue> {
  if (change.type === "revoked") {
    const { id, target, status, actor, reason, createdAtMs, expiresAtMs } = change.revocation;
    return {
      ...writeTarget(target, status),
      type: "revoked",
      id,
      actor,
      reason,
      createdAt: createdAtMs,
      expiresAt: expiresAtMs,
      remainingIssuedBefore: null,
      remainingExpiresAt: null,
    };
  }
  const { lift, lifted } = change;
  return {
    ...writeTarget(lifted.target, lifted.status),
    type: "lifted",
    id: lift.id,
    actor: lift.actor,
    reason: lift.reason,
    createdAt: lift.liftedAtMs,
    remainingIssuedBefore: lifted.remaining?.issuedBeforeSeconds ?? null,
    remainingExpiresAt: lifted.remaining?.expiresAtMs ?? null,
  };
}

function writeTarget(target: RevocationTarget, status: RevocationStatus): Record<string, SQLInputValue> {
  const { kind, issuer, value = "", issuedBeforeSeconds = null } = target;
  return { kind, issuer, value, issuedBefore: issuedBeforeSeconds, status };
}

export function readRecord(row: Row): FeedRecord {
  return {
    position: Number(row["position"]),
    mark: String(row["mark"]),
    previousMark: String(row["previous_mark"]),
    change: readChange(row),
  };
}

export function readListed(row: Row): ListedRevocation {
  const isLifted = row["lifted_at_position"] !== null;
  return { revocation: readRevocation(row), position: Number(row["position"]), isLifted };
}

function readChange(row: Row): FeedChange | undefined {
  const revocation = readRevocation(row);
  if (findRevocationProblem(revocation) !== undefined) return undefined;
  if (row["type"] === "revoked") return { type: "revoked", revocation };
  if (row["type"] !== "lifted") return undefined;
  const { id, actor, reason, createdAtMs: liftedAtMs, target, status } = revocation;
  const lifted: LiftedRevocation = { target, status, remaining: readRemaining(row) };
  return { type: "lifted", lift: { id, actor, reason, liftedAtMs }, lifted };
}

export function readRevocation(row: Row): Revocation {
  const { issued_before: issuedBefore, value } = row;
  const target: RevocationTarget = {
    kind: String(row["kind"]) as RevocationKind,
    issuer: String(row["issuer"]),
    ...(value === "" ? {} : { value: String(value) }),
    ...(issuedBefore === null ? {} : { issuedBeforeSeconds: Number(issuedBefore) }),
  };
  return {
    id: String(row["id"]),
    target,
    status: String(row["status"]) as RevocationStatus,
    actor: String(row["actor"]),
    reason: String(row["reason"]),
    createdAtMs: Number(row["created_at"]),
    expiresAtMs: Number(row["expires_at"]),
  };
}

/** Of columns that are NULL where nothing remains; the cut-off is NULL too where the kind has none. */
export function readRemaining(row: Row): RemainingRevocation | undefined {
  const { remaining_expires_at: expiresAt, remaining_issued_before: issuedBefore } = row;
  if (expiresAt === null || expiresAt === undefined) return undefined;
  const expiresAtMs = Number(expiresAt);
  return issuedBefore === null ? { expiresAtMs } : { expiresAtMs, issuedBeforeSeconds: Number(issuedBefore) };
}
