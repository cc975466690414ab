/** The file's form of `revocation`, `replay` and `api`. */

import * as z from "zod";

import type {
  ApiConfiguration,
  ReplayConfiguration,
  RevocationConfiguration,
  StoreConfiguration,
} from "./revocation-configuration.ts";
import { upstreamTlsSchema } from "./upstream-schema.ts";

const path = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^\0]+$/);

function whole(range: { min: number; max: number; fallback: number }, told: string): z.ZodDefault<z.ZodInt> {
  return z.int().min(range.min).max(range.max).default(range.fallback).describe(told);
}

const redis = z.strictObject({
  urls: z
    .array(
      z.string().refine(isRedisUrl, {
        error: 'Expected "redis://host:port" or "rediss://host:port" without user and password',
      }),
    )
    .min(1)
    .max(64)
    .describe("redis:// or rediss:// (TLS): one server, or some of the nodes of a cluster."),
  cluster: z.boolean().default(false).describe("The URLs are nodes of a Redis Cluster."),
  username: z.string().min(1).max(256).exactOptional().describe("An ACL user."),
  password: z
    .string()
    .min(1)
    .max(4096)
    .exactOptional()
    .describe('"${NAME}" of the environment, or "file:" and a path.'),
  tls: upstreamTlsSchema
    .exactOptional()
    .describe("PEM, or `file:` and a path. The server's certificate is always checked."),
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9._:-]{1,128}$/, { error: "Expected 1 to 128 of A-Z a-z 0-9 . _ : -" })
    .default("countersign")
    .describe("Of every key."),
  timeoutMs: whole({ min: 10, max: 60_000, fallback: 1000 }, "Of a call with all of its attempts."),
  replicas: whole({ min: 0, max: 16, fallback: 0 }, "Replicas that must have a write."),
});

/** Where something is kept. */
export const storeSchema: z.ZodType<StoreConfiguration> = z.union([
  z.literal("memory"),
  z.strictObject({ sqlite: path.describe("A file of its own, never on a network file system.") }),
  z.strictObject({ redis }),
]);

/** `revocation`. */
export const revocationSchema: z.ZodType<RevocationConfiguration> = z.strictObject({
  store: storeSchema
    .default("memory")
    .describe("memory: this sidecar alone, until it ends. sqlite: one machine. redis: many machines."),
  maxStaleSeconds: whole(
    { min: 1, max: 86_400, fallback: 60 },
    "After so long without the feed, routes with `revocation: fresh` are answered 503.",
  ),
  readiness: z
    .enum(["started", "fresh"])
    .default("started")
    .describe("/healthz/ready is 503 until the feed was read once; `fresh`: also while it is stale."),
  instance: z
    .string()
    .regex(/^[A-Za-z0-9._:-]{1,128}$/, { error: "Expected 1 to 128 of A-Z a-z 0-9 . _ : -" })
    .exactOptional()
    .describe("How this instance is called in lists. Default the machine's name and the process id."),
});

/** `replay`. */
export const replaySchema: z.ZodType<ReplayConfiguration> = z.strictObject({
  store: storeSchema
    .default("memory")
    .describe("Where first uses are recorded. Instances beside each other need one that they share."),
});

/** `api`. */
export const apiSchema: z.ZodType<ApiConfiguration> = z.strictObject({
  tokenFile: path
    .default("countersign-api.token")
    .describe("Holds the operators' token; made at the start, for this user alone, where there is none."),
  scope: z
    .string()
    .regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/, { error: "Expected one scope" })
    .exactOptional()
    .describe("Tokens of the issuers with this scope may use the API too. Default none may."),
  clients: z
    .array(
      z.strictObject({
        id: z.string().min(1).max(256).describe("The client_id of the tokens that it may revoke."),
        secret: z.string().min(16).max(1024).describe('"${NAME}" of the environment, or "file:" and a path.'),
      }),
    )
    .max(1000)
    .default([])
    .describe("Clients that may revoke their own tokens (RFC 7009)."),
});

function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hostname } = new URL(text);
  return (
    (protocol === "redis:" || protocol === "rediss:") && hostname !== "" && username === "" && password === ""
  );
}
