/** What is done to the tables of revocations, each within a transaction of the caller. */

import { randomBytes } from "node:crypto";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { Revocation } from "countersign";
import { prepareOnce } from "./open-sqlite.ts";
import {
  type AppendResult,
  type FeedChange,
  type FeedHead,
  type FeedPage,
  type LiftResult,
  MAX_PER_TARGET,
  RevocationConflictError,
  type RevocationLift,
  RevocationLimitError,
  type RevocationListing,
  type RevocationQuery,
} from "./revocation-store.ts";
import { isSameRevocation } from "./same-revocation.ts";
import {
  INSERT_ROW,
  readListed,
  readRecord,
  readRemaining,
  readRevocation,
  writeChange,
} from "./sqlite-rows.ts";

/** Positions that one listing looks through, where no index helps. */
const LISTED_POSITIONS = 50_000;

const IN_FORCE = `issuer = :issuer AND value = :value AND kind = :kind AND status = :status AND type = 'revoked'
  AND lifted_at_position IS NULL AND id <> :id AND expires_at > :nowMs`;

/** @throws RevocationConflictError, RevocationLimitError */
export function appendRow(
  database: DatabaseSync,
  { revocation, nowMs }: { readonly revocation: Revocation; readonly nowMs: number },
): AppendResult {
  const { id } = revocation;
  const known = prepareOnce(database, "SELECT * FROM feed WHERE id = ? AND type = 'revoked'").get(id);
  if (known !== undefined) {
    if (!isSameRevocation(readRevocation(known), revocation)) {
      throw new RevocationConflictError(`the id ${id} is that of another revocation; choose a new one`);
    }
    return { id, position: Number(known["position"]), outcome: "known" };
  }
  const others = prepareOnce(database, `SELECT count(*) AS count FROM feed WHERE ${IN_FORCE}`).get(
    nameTarget(revocation, nowMs),
  );
  if (Number(others?.["count"]) >= MAX_PER_TARGET) {
    throw new RevocationLimitError(`expected at most ${MAX_PER_TARGET} revocations of one target; lift some`);
  }
  const change: FeedChange = { type: "revoked", revocation };
  const position = insertChange(database, { change, expiresAtMs: revocation.expiresAtMs });
  return { id, position, outcome: "added" };
}

export function liftRow(
  database: DatabaseSync,
  { lift, nowMs }: { readonly lift: RevocationLift; readonly nowMs: number },
): LiftResult {
  const row = prepareOnce(database, "SELECT * FROM feed WHERE id = ? AND type = 'revoked'").get(lift.id);
  if (row === undefined) return { outcome: "unknown", position: undefined };
  const liftedAt = row["lifted_at_position"];
  if (typeof liftedAt === "number") return { outcome: "known", position: liftedAt };
  const revocation = readRevocation(row);
  const { target, status, expiresAtMs } = revocation;
  const others = prepareOnce(
    database,
    `SELECT max(issued_before) AS remaining_issued_before, max(expires_at) AS remaining_expires_at
       FROM feed WHERE ${IN_FORCE}`,
  ).get(nameTarget(revocation, nowMs));
  const change: FeedChange = {
    type: "lifted",
    lift,
    lifted: { target, status, remaining: readRemaining(others ?? {}) },
  };
  const position = insertChange(database, { change, expiresAtMs });
  prepareOnce(database, "UPDATE feed SET lifted_at_position = ? WHERE id = ? AND type = 'revoked'").run(
    position,
    lift.id,
  );
  return { outcome: "lifted", position };
}

/** Parameters of `IN_FORCE`. */
function nameTarget({ id, target, status }: Revocation, nowMs: number): Record<string, SQLInputValue> {
  const { issuer, kind, value = "" } = target;
  return { issuer, kind, value, status, id, nowMs };
}

function insertChange(
  database: DatabaseSync,
  { change, expiresAtMs }: { readonly change: FeedChange; readonly expiresAtMs: number },
): number {
  const head = readHead(database);
  const position = head.position + 1;
  const mark = randomBytes(8).toString("hex");
  prepareOnce(database, INSERT_ROW).run({
    ...writeChange(change),
    position,
    mark,
    previousMark: head.mark,
    expiresAt: expiresAtMs,
  });
  prepareOnce(database, "UPDATE head SET position = ?, mark = ?").run(position, mark);
  return position;
}

export function readHead(database: DatabaseSync): FeedHead {
  const row = prepareOnce(database, "SELECT position, mark FROM head").get();
  return { position: Number(row?.["position"]), mark: String(row?.["mark"]) };
}

export function readPage(
  database: DatabaseSync,
  { after, limit }: { readonly after: number; readonly limit: number },
): FeedPage {
  // One read transaction: the head is that of the records.
  database.exec("BEGIN");
  try {
    const rows = prepareOnce(database, "SELECT * FROM feed WHERE position > ? ORDER BY position LIMIT ?").all(
      after,
      limit,
    );
    return { records: rows.map(readRecord), head: readHead(database) };
  } finally {
    database.exec("COMMIT");
  }
}

export function listRows(
  database: DatabaseSync,
  { filter, limit, before }: RevocationQuery,
): RevocationListing {
  const isIndexed = filter.id !== undefined || (filter.issuer !== undefined && filter.value !== undefined);
  const end = Math.min(before ?? Number.POSITIVE_INFINITY, readHead(database).position + 1);
  const start = isIndexed ? 0 : Math.max(0, end - LISTED_POSITIONS);
  const members = (["id", "issuer", "kind", "value", "status", "actor"] as const).filter(
    (member) => filter[member] !== undefined,
  );
  const conditions = members.map((member) => ` AND ${member} = :${member}`).join("");
  const rows = prepareOnce(
    database,
    `SELECT * FROM feed WHERE type = 'revoked' AND position >= :start AND position < :end${conditions}
       ORDER BY position DESC LIMIT :limit`,
  ).all({
    ...Object.fromEntries(members.map((member) => [member, filter[member] ?? null])),
    start,
    end,
    limit,
  });
  const entries = rows.map(readListed);
  if (entries.length === limit) return { entries, next: entries.at(-1)?.position };
  const oldest = prepareOnce(database, "SELECT min(position) AS position FROM feed").get();
  const isLast = start <= Number(oldest?.["position"] ?? 0);
  return { entries, next: isLast ? undefined : start };
}
