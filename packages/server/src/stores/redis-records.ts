/** Records as the stream in Redis holds them, and what they mean. Whatever others may have written there is checked. */

import { createHash } from "node:crypto";
import { findRevocationProblem, type Revocation, type RevocationTarget } from "countersign";
import { FIELD } from "./redis-scripts.ts";
import type { FeedChange, FeedRecord, RevocationLift } from "./revocation-store.ts";

/** The arguments that the script APPEND takes of one revocation. */
export function writeRevocation(revocation: Revocation, mark: string): readonly string[] {
  const { id, target, status, expiresAtMs } = revocation;
  const { kind, issuer, value = "", issuedBeforeSeconds = "" } = target;
  const targetName = digest([kind, issuer, value, status]);
  const sameness = digest([targetName, String(issuedBeforeSeconds), String(expiresAtMs)]);
  const json = JSON.stringify(revocation);
  return [id, sameness, targetName, mark, String(expiresAtMs), String(issuedBeforeSeconds), json];
}

/** Names a list of texts in 132 bits. */
function digest(texts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(texts)).digest("base64url").slice(0, 22);
}

/** An entry of a stream: its id, then names and values in turn. */
export function readRecord(entry: unknown): FeedRecord {
  const [id, fields] = entry as readonly [string, readonly string[]];
  const found = readFields(fields);
  return {
    position: readPosition(id),
    mark: found.get(FIELD.mark) ?? "",
    previousMark: found.get(FIELD.previousMark) ?? "",
    change: readChange(found),
  };
}

export function readPosition(streamId: string): number {
  return Number(streamId.split("-")[0]);
}

function readFields(fields: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (let index = 0; index + 1 < fields.length; index += 2) {
    found.set(fields[index] ?? "", fields[index + 1] ?? "");
  }
  return found;
}

function readChange(fields: ReadonlyMap<string, string>): FeedChange | undefined {
  const revocation = readRevocation(fields.get(FIELD.revocation));
  if (revocation === undefined) return undefined;
  if (fields.get(FIELD.type) === "revoked") return { type: "revoked", revocation };
  const lift = readLift(fields.get(FIELD.lift));
  if (fields.get(FIELD.type) !== "lifted" || lift === undefined) return undefined;
  const expiry = fields.get(FIELD.remainingExpiry);
  const cutOff = fields.get(FIELD.remainingCutOff);
  const remaining =
    expiry === undefined
      ? undefined
      : {
          expiresAtMs: Number(expiry),
          ...(cutOff === undefined ? {} : { issuedBeforeSeconds: Number(cutOff) }),
        };
  const { target, status } = revocation;
  return { type: "lifted", lift, lifted: { target, status, remaining } };
}

/** Only the members that are known, so that what a newer version adds does no harm. */
function readRevocation(json: string | undefined): Revocation | undefined {
  const read: Partial<Revocation> | undefined = parseObject(json);
  const target = read?.target as Partial<RevocationTarget> | null | undefined;
  if (read === undefined || target === undefined || target === null) return undefined;
  const { kind, issuer, value, issuedBeforeSeconds } = target;
  const { id, status, actor, reason, createdAtMs, expiresAtMs } = read;
  const revocation = {
    id,
    target: {
      kind,
      issuer,
      ...(value === undefined ? {} : { value }),
      ...(issuedBeforeSeconds === undefined ? {} : { issuedBeforeSeconds }),
    },
    status,
    actor,
    reason,
    createdAtMs,
    expiresAtMs,
  } as Revocation;
  return findRevocationProblem(revocation) === undefined ? revocation : undefined;
}

function readLift(json: string | undefined): RevocationLift | undefined {
  const { id, actor, reason, liftedAtMs } = (parseObject(json) ?? {}) as Partial<RevocationLift>;
  if (typeof id !== "string" || typeof actor !== "string" || typeof reason !== "string") return undefined;
  return typeof liftedAtMs === "number" ? { id, actor, reason, liftedAtMs } : undefined;
}

function parseObject(json: string | undefined): object | undefined {
  try {
    const value: unknown = JSON.parse(json ?? "");
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
