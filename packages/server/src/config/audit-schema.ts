/** The file's form of `audit`. */

import * as z from "zod";

import type { AuditConfiguration } from "./audit-configuration.ts";
import { parseSyslogAddress } from "./syslog-address.ts";

const path = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^\0]+$/);

function whole(range: { min: number; max: number; fallback: number }, told: string): z.ZodDefault<z.ZodInt> {
  return z.int().min(range.min).max(range.max).default(range.fallback).describe(told);
}

const format = z
  .enum(["native", "ocsf", "ecs", "cef"])
  .default("native")
  .describe("native: the event as it is. ocsf, ecs: of those schemas. cef: Common Event Format.");

const url = z.string().max(2048).refine(isHttpUrl, {
  error: "Expected an https URL without user and password; http for this machine",
});

const authorization = z
  .string()
  .min(8)
  .max(4096)
  .regex(/^[\x20-\x7e]+$/, { error: "Expected printable ASCII" })
  .exactOptional()
  .describe('The header\'s whole value: "${NAME}" of the environment, or "file:" and a path.');

const timeoutMs = whole({ min: 100, max: 60_000, fallback: 5000 }, "Of a request with its answer.");

const file = z.strictObject({
  path: path.describe("Written by this sidecar alone; full files are called `audit.000001.jsonl` and so on."),
  maxBytes: whole(
    { min: 65_536, max: 268_435_456, fallback: 67_108_864 },
    "After so many bytes a new file begins.",
  ),
  keepFiles: whole(
    { min: 0, max: 100_000, fallback: 0 },
    "How many files that are no longer written are kept. 0: all of them.",
  ),
  signingKeyFile: path
    .default("countersign-audit-signing.pem")
    .describe(
      "Ed25519 in PEM, for signed heads; made at the start, for this user alone, where there is none.",
    ),
});

const syslog = z.strictObject({
  to: z
    .string()
    .max(512)
    .refine((text) => parseSyslogAddress(text) !== undefined, {
      error: 'Expected "udp://host:port", "tcp://…", "tls://…" or "unix:/path"',
    })
    .describe("udp://, tcp:// or tls:// with host and port; unix: and the path of a stream socket."),
  facility: whole({ min: 0, max: 23, fallback: 13 }, "13 is `log audit`, 10 `authpriv`."),
  format,
  ca: z.string().min(1).max(1_048_576).exactOptional().describe("For tls: PEM, or `file:` and a path."),
});

/** `audit`. */
export const auditSchema: z.ZodType<AuditConfiguration> = z.strictObject({
  instance: z
    .string()
    .regex(/^[A-Za-z0-9._:-]{1,128}$/, { error: "Expected 1 to 128 of A-Z a-z 0-9 . _ : -" })
    .exactOptional()
    .describe("How this sidecar is called in events. Default the machine's name and the process id."),
  pseudonymKeyFile: path
    .default("countersign-audit-pseudonyms.key")
    .describe("Instances with the same key have the same pseudonyms; made at the start where there is none."),
  denials: z
    .strictObject({
      perSecond: whole({ min: 1, max: 10_000, fallback: 10 }, "Told one by one, sustained."),
      burst: whole({ min: 1, max: 100_000, fallback: 100 }, "Told one by one, at once."),
    })
    .prefault({})
    .describe("Of each reason and issuer in each process. The others are told as a number every 10 seconds."),
  acceptances: z
    .union([z.enum(["off", "all"]), z.strictObject({ oneIn: z.int().min(2).max(1_000_000) })])
    .default("off")
    .describe("Which accepted tokens are told: none, all, or one in so many."),
  paths: z.boolean().default(true).describe("Whether paths of requests are told, without their query."),
  queueEvents: whole(
    { min: 16, max: 1_000_000, fallback: 8192 },
    "Events that wait for an output. More are lost, counted, and told.",
  ),
  file: file.exactOptional().describe("A file whose lines are chained by hashes, with signed heads."),
  stdout: z.strictObject({ format }).exactOptional().describe("Lines on standard output."),
  syslog: syslog.exactOptional().describe("RFC 5424."),
  otlp: z
    .strictObject({
      url: url.describe("Where OpenTelemetry logs go, in JSON: usually it ends with /v1/logs."),
      authorization,
      timeoutMs,
    })
    .exactOptional(),
  webhook: z
    .strictObject({
      url: url.describe("Where JSON lines are posted to."),
      authorization,
      timeoutMs,
      format: z.enum(["native", "ocsf", "ecs"]).default("native"),
    })
    .exactOptional(),
});

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hostname } = new URL(text);
  if (username !== "" || password !== "") return false;
  if (protocol === "https:") return true;
  return protocol === "http:" && /^(?:localhost|127\.[0-9.]+|\[::1\])$/.test(hostname);
}
