/** docs/reference/presets.md, from the presets' own data and the notes. */

import type { ClaimTest } from "../packages/engine/src/claims/claim-test.ts";
import { describeTest } from "../packages/engine/src/claims/claim-test.ts";
import type { Profile } from "../packages/engine/src/issuers/profile.ts";
import { PROFILES, REFUSED_PROFILES } from "../packages/engine/src/issuers/profiles.ts";
import { PRESET_NOTES } from "./preset-notes.ts";

export function createPresetsPage(): string {
  const names = Object.keys(PRESET_NOTES) as (keyof typeof PRESET_NOTES)[];
  const lines = [
    "# Presets of identity providers",
    "",
    "`profile` of an issuer names the provider. A preset knows which of the provider's tokens are access tokens, and refuses the others;",
    "where tokens say [who they speak for](../guide/principals.md); and who has to be listed in `tenants`, because everybody may have an account. All that",
    "holds for any issuer holds besides: signature, times, audience, kinds of tokens. The issuer's own `principal` goes before the preset's, field by field.",
    "",
    "| `profile` | for | speaks for | `tenants` |",
    "|---|---|---|---|",
  ];
  for (const name of names) {
    const profile = PROFILES[name];
    const tenants =
      profile.tenants ?? (profile.principal?.tenant === undefined ? "nothing says" : "optional");
    lines.push(
      `| [\`${name}\`](#${slug(PRESET_NOTES[name].title)}) | ${PRESET_NOTES[name].title} | ${describeKinds(profile)} | ${profile.tenants === undefined ? tenants : `needed: ${tenants}`} |`,
    );
  }
  lines.push("");
  for (const [name, reason] of Object.entries(REFUSED_PROFILES)) {
    lines.push(`\`${name}\` ${reason}. Such tokens are no JWTs by RFC 7515, and are not read leniently.`, "");
  }
  for (const name of names) lines.push(...writePreset(PROFILES[name], PRESET_NOTES[name]));
  return `${lines.join("\n").trimEnd()}\n`;
}

function slug(title: string): string {
  return title.toLowerCase().replaceAll(" ", "-");
}

function describeKinds({ principal }: Profile): string {
  if (principal?.kind === "workload") return "workloads";
  if (principal?.workloadIf !== undefined) return "users, workloads";
  return principal?.clientIf === undefined ? "users" : "users, clients";
}

function writePreset(profile: Profile, note: (typeof PRESET_NOTES)[keyof typeof PRESET_NOTES]): string[] {
  const { name, issuer, types, typeMayBeAbsent, algorithms, rules = [], requiredClaims, principal } = profile;
  const rows: [string, string][] = [
    ["`issuer`", issuer === undefined ? "any" : `such as ${issuer.such}`],
    ["`typ`", `${types.join(" or ")}${typeMayBeAbsent ? ", or none" : ""}`],
    ["required", [...(profile.audienceOrClient ? [] : ["aud"]), "exp", ...requiredClaims].join(", ")],
    ["checked", rules.map((tests) => tests.map(writeTest).join(" or ")).join("; ")],
  ];
  if (issuer?.claim !== undefined) rows.push(["also", `\`${issuer.claim}\` is the one in \`issuer\``]);
  if (profile.audienceOrClient) rows.push(["audience", "`aud`, or `client_id` where there is none"]);
  if (profile.audienceNeeded) rows.push(["audience", 'cannot be "unchecked"']);
  if (algorithms !== undefined) rows.push(["algorithms", algorithms.join(", ")]);
  if (profile.tenants !== undefined) rows.push(["`tenants`", `needed: ${profile.tenants}`]);
  for (const [field, source] of Object.entries(principal ?? {})) {
    if (!/If$|^kind$/.test(field)) rows.push([`\`principal.${field}\``, writeSource(source)]);
  }
  if (principal?.kind !== undefined) rows.push(["`principal.kind`", principal.kind]);
  if (principal?.clientIf !== undefined) rows.push(["client if", writeLists(principal.clientIf)]);
  if (principal?.workloadIf !== undefined) rows.push(["workload if", writeLists(principal.workloadIf)]);
  return [
    `## ${note.title}`,
    "",
    `\`profile: ${name}\``,
    "",
    "| | |",
    "|---|---|",
    ...rows.map(([left, right]) => `| ${left} | ${escapeCell(right)} |`),
    "",
    note.why,
    "",
    `**Yours to do.** ${note.yours}`,
    "",
  ];
}

function escapeCell(cell: string): string {
  return cell.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

function writeLists(lists: readonly (readonly ClaimTest[])[]): string {
  return lists.map((tests) => tests.map(writeTest).join(" and ")).join("; or ");
}

function writeTest(test: ClaimTest): string {
  const text = describeTest(test);
  return text.replace(test.claim, `\`${test.claim}\``).replace(/to match (.*)$/, "to match `$1`");
}

function writeSource(source: unknown): string {
  const sources = Array.isArray(source) ? (source as readonly unknown[]) : [source];
  if (sources.length === 0) return "none";
  return sources.map(writeOne).join(", ");
}

function writeOne(source: unknown): string {
  if (typeof source === "string") return `\`${source}\``;
  const { path, capture } = source as { readonly path: string; readonly capture: RegExp };
  return `what \`${capture.source}\` finds in \`${path}\``;
}
