/** Writes the reference pages from the tables in code: `node tools/write-reference.ts`. A test holds them current. */

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import {
  AUDIT_EVENTS,
  AUDIT_FIELDS,
  configurationJsonSchema,
  METRICS,
  SERVICE_LEVELS,
  writeErrorRatio,
} from "@countersign/server";
import { BACKENDS } from "@countersign/signing-keys";
import { ALGORITHMS, REASONS, REMEDIES } from "countersign";
import { createCasebookPage } from "../conformance/casebook/write-page.ts";
import { createPresetsPage } from "./write-presets-page.ts";

const FOLDER = path.resolve(import.meta.dirname, "../docs/reference");

/** Name of the page to its text. */
export function createReferencePages(): ReadonlyMap<string, string> {
  return new Map([
    ["reasons.md", createReasonsPage()],
    ["algorithms.md", createAlgorithmsPage()],
    ["configuration.md", createConfigurationPage()],
    ["signing-backends.md", createBackendsPage()],
    ["presets.md", createPresetsPage()],
    ["casebook.md", createCasebookPage()],
    ["audit-events.md", createAuditPage()],
    ["metrics.md", createMetricsPage()],
  ]);
}

/** The text of a page as it is committed. */
export function readPage(name: string): string {
  return readFileSync(path.join(FOLDER, name), "utf8");
}

function createReasonsPage(): string {
  const lines = [
    "# Reasons",
    "",
    "The closed set of reasons for which a request is refused. The name is the value of `verdict.reason`, the metric label, the",
    "audit code and the anchor on this page. `client` is the caller's fault, `system` is ours: only the latter counts against",
    "availability. Toward the caller `key_unknown`, `key_unsuitable` and `signature_invalid` look the same.",
    "",
  ];
  for (const fault of ["client", "system"] as const) {
    lines.push(`## ${fault === "client" ? "The caller's fault" : "Could not be checked"}`, "");
    for (const [name, row] of Object.entries(REASONS)) {
      if (row.fault !== fault) continue;
      const challenge = row.challengeError === undefined ? "" : `, \`error="${row.challengeError}"\``;
      lines.push(`### ${name}`, "", `${row.message}. ${REMEDIES[name as keyof typeof REMEDIES]}`, "");
      lines.push(
        `Found at \`${row.stage}\`; HTTP ${row.httpStatus}${challenge}; gRPC ${row.grpcStatus}.`,
        "",
      );
    }
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

function createBackendsPage(): string {
  const lines = [
    "# Back ends of signing keys",
    "",
    "Where a signing key may live. The name is the value of `backend`; how each is set up stands in the",
    "[guide](../guide/signing-backends.md). A reference never leads to another key: besides what is pinned, the thumbprint of the",
    "public half has to be the one that was published.",
    "",
    "| `backend` | what | packages to install | algorithms |",
    "|---|---|---|---|",
  ];
  for (const { name, title, peers, algorithms } of BACKENDS) {
    const packages = peers.map((peer) => `\`${peer}\``).join(", ") || "none";
    lines.push(`| \`${name}\` | ${title} | ${packages} | ${algorithms.join(", ")} |`);
  }
  lines.push(
    "",
    "| `backend` | the private half | pinned | destroying a key | our tests run against |",
    "|---|---|---|---|---|",
  );
  for (const { name, privateHalf, pinned, destroying, testedAgainst } of BACKENDS) {
    lines.push(`| \`${name}\` | ${privateHalf} | ${pinned} | ${destroying} | ${testedAgainst} |`);
  }
  return `${lines.join("\n")}\n`;
}

function createMetricsPage(): string {
  const lines = [
    "# Metrics",
    "",
    "What `/metrics` of the sidecar tells ([guide](../guide/metrics.md)). No label ever has a value that only a token supplied: `issuer`",
    "is the configured alias, or `_untrusted`; `kid` is of a trusted key set; reasons are the [closed set](reasons.md).",
    "",
    "| metric | type | labels | |",
    "|---|---|---|---|",
  ];
  for (const { name, type, labels, help } of Object.values(METRICS)) {
    lines.push(`| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} |`);
  }
  lines.push(
    "",
    "Upper bounds of the buckets, in seconds, besides `+Inf`:",
    "",
    "| histogram | bounds |",
    "|---|---|",
  );
  for (const { name, buckets } of Object.values(METRICS)) {
    if (buckets !== undefined) lines.push(`| \`${name}\` | ${buckets.join(", ")} |`);
  }
  lines.push(
    "",
    "## Service levels",
    "",
    "What is promised over 30 days, and the share that misses it. Only system faults spend the budget of `validation_success`: a client",
    "that is refused was served well.",
    "",
  );
  for (const level of SERVICE_LEVELS) {
    lines.push(`### ${level.id}`, "", `${level.title}: ${level.objective * 100} %.`, "");
    lines.push("```promql", writeErrorRatio(level, { window: "1h" }), "```", "");
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

function createAlgorithmsPage(): string {
  const lines = [
    "# Algorithms",
    "",
    "Every algorithm that `algorithms` may list. The key decides, and the header must agree. `none`, RSA1_5 and ES256K cannot be",
    "listed. HS* needs `keys.secrets` and never stands beside the others for one issuer; `EdDSA` is the older name of Ed25519",
    "and is accepted only where it is listed. ML-DSA and Ed448 need a runtime whose crypto has them: where it has not, the",
    "configuration is refused. Sources: RFC 7518 section 3, RFC 8037, RFC 9864, RFC 9964.",
    "",
    "| name | key | curve | hash | signature bytes | least key |",
    "|---|---|---|---|---|---|",
  ];
  for (const row of Object.values(ALGORITHMS)) {
    const least =
      row.keyType === "RSA"
        ? "2048 bits, e ≥ 65537"
        : row.keyBytes === undefined
          ? ""
          : `${row.keyBytes} bytes`;
    const bytes = row.signatureBytes ?? "as the modulus";
    lines.push(
      `| \`${row.name}\` | ${row.keyType} | ${row.curve ?? ""} | ${row.hash ?? ""} | ${bytes} | ${least} |`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function createAuditPage(): string {
  const lines = [
    "# Audit events",
    "",
    "What the [audit trail](../guide/audit.md) tells, in the form of version 1. A field is never given another meaning; new fields and events do not",
    "change the version. Severities are syslog's: 6 informational, 5 notice, 4 warning, 3 error. Durable events are synced to the disk at once.",
    "",
    "## Events",
    "",
    "| event | severity | durable | what happened |",
    "|---|---|---|---|",
  ];
  for (const [name, { severity, isDurable, about }] of Object.entries(AUDIT_EVENTS)) {
    lines.push(`| \`${name}\` | ${severity} | ${isDurable ? "yes" : ""} | ${about} |`);
  }
  lines.push("", "## Fields", "", "| field | form | ECS | what it is |", "|---|---|---|---|");
  for (const [name, { type, ecs, about }] of Object.entries(AUDIT_FIELDS)) {
    lines.push(`| \`${name}\` | ${type} | ${ecs === undefined ? "" : `\`${ecs}\``} | ${about} |`);
  }
  const chain =
    "Files have `sequence` and `previous` (the hash of the line before) beside these, and records `audit.opened`, `audit.head` and `audit.closed` with a `signature`.";
  lines.push("", chain);
  return `${lines.join("\n")}\n`;
}

interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, SchemaNode>>;
}

function createConfigurationPage(): string {
  const lines = [
    "# Configuration of the sidecar",
    "",
    "One YAML file for `countersign serve`, `check`, `verify` and `explain`. Unknown keys are errors. `${NAME}` in a value stands",
    "for an environment variable and `file:/path` for a file's content, where a secret is expected. Editors complete and check it",
    "with the [JSON Schema](../../packages/server/configuration.schema.json).",
    "",
    "| key | form | default | what it is |",
    "|---|---|---|---|",
  ];
  const schema: SchemaNode = configurationJsonSchema();
  appendRows(schema, "", lines);
  for (const [name, definition] of Object.entries(schema.$defs ?? {})) {
    lines.push("", `## A ${name}`, "", "| key | form | default | what it is |", "|---|---|---|---|");
    for (const branch of [definition, ...(definition.anyOf ?? [])]) appendRows(branch, "", lines);
  }
  return `${lines.join("\n")}\n`;
}

function appendRows(node: SchemaNode, prefix: string, lines: string[]): void {
  for (const [name, member] of Object.entries(node.properties ?? {})) {
    const place = prefix === "" ? name : `${prefix}.${name}`;
    const needed = node.required?.includes(name) === true && member.default === undefined;
    const fallback =
      member.default === undefined || isObject(member.default) ? "" : `\`${JSON.stringify(member.default)}\``;
    const text = (member.description ?? "").replaceAll("|", "\\|");
    lines.push(`| \`${place}\` | ${describeForm(member)} | ${needed ? "required" : fallback} | ${text} |`);
    appendRows(member, place, lines);
    for (const branch of [member, ...(member.anyOf ?? []), ...(member.oneOf ?? [])]) {
      if (branch !== member) appendRows(branch, place, lines);
      if (branch.items !== undefined) appendRows(branch.items, `${place}[]`, lines);
    }
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describeForm(node: SchemaNode): string {
  if (node.$ref !== undefined) return node.$ref.replace("#/$defs/", "");
  const branches = node.anyOf ?? node.oneOf;
  if (branches !== undefined) return [...new Set(branches.map(describeForm))].join(" or ");
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``;
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(" or ");
  if (node.type === "integer" || node.type === "number") {
    // zod writes the safe integers' bounds where none is meant.
    const bounded = node.minimum !== undefined && node.minimum !== Number.MIN_SAFE_INTEGER;
    return bounded ? `${node.minimum}..${node.maximum ?? ""}` : "number";
  }
  if (node.type === "array")
    return `list of ${node.items === undefined ? "values" : describeForm(node.items)}`;
  return typeof node.type === "string" ? node.type : "value";
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const [name, text] of createReferencePages()) writeFileSync(path.join(FOLDER, name), text);
}
