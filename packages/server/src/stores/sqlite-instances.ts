/** The table of instances, beside that of revocations. */

import type { DatabaseSync } from "node:sqlite";
import {
  INSTANCE_RETENTION_MS,
  type InstanceReport,
  type KnownInstance,
  MAX_INSTANCES,
  readInstance,
} from "./instance-registry.ts";

export const INSTANCES_SCHEMA = `
  CREATE TABLE IF NOT EXISTS instances (id TEXT PRIMARY KEY, seen_at INTEGER NOT NULL, report TEXT NOT NULL)
    STRICT, WITHOUT ROWID
`;

export function writeInstance(
  database: DatabaseSync,
  { report, nowMs }: { readonly report: InstanceReport; readonly nowMs: number },
): void {
  database
    .prepare("INSERT OR REPLACE INTO instances (id, seen_at, report) VALUES (?, ?, ?)")
    .run(report.id, nowMs, JSON.stringify(report));
  database.prepare("DELETE FROM instances WHERE seen_at < ?").run(nowMs - INSTANCE_RETENTION_MS);
}

export function readInstances(database: DatabaseSync, nowMs: number): readonly KnownInstance[] {
  return database
    .prepare("SELECT seen_at, report FROM instances WHERE seen_at >= ? ORDER BY id LIMIT ?")
    .all(nowMs - INSTANCE_RETENTION_MS, MAX_INSTANCES)
    .flatMap((row) => readInstance(row["report"], nowMs - Number(row["seen_at"])) ?? []);
}

export function deleteInstance(database: DatabaseSync, id: string): void {
  database.prepare("DELETE FROM instances WHERE id = ?").run(id);
}
