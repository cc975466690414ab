import type { Accepted, Rejected, Verdict } from "countersign";
import { REASONS, REMEDIES } from "countersign";
import type { Paint, Terminal } from "../terminal.ts";
import { alignColumns, wrapText } from "./columns.ts";
import { renderMark } from "./marks.ts";
import { escapeUnprintable, shorten } from "./printable.ts";
import { formatDistance, formatInstant } from "./time-text.ts";

/** Where a verdict is shown, and for which time it was given. */
export interface VerdictContext {
  readonly terminal: Terminal;
  /** The time that the verdict is for, in milliseconds since the epoch; now where absent. */
  readonly at: number | undefined;
}

const MAX_VALUE = 200;

/** The verdict as a headline and what stands behind it. */
export function renderVerdict(verdict: Verdict, context: VerdictContext): string {
  return verdict.ok ? renderAccepted(verdict, context) : renderRejected(verdict, context);
}

function renderAccepted({ token, principal }: Accepted, { terminal, at }: VerdictContext): string {
  const { paint } = terminal;
  const rows: string[][] = [];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== "") rows.push([paint("dim", name), shorten(value, MAX_VALUE)]);
  };
  add("issuer", `${token.issuer} (${principal.issuer})`);
  add("subject", principal.subject);
  add("kind", principal.kind);
  add("client", principal.client);
  add("tenant", principal.tenant);
  add("actor", principal.actor?.subject);
  add("scopes", principal.scopes.join(" "));
  add("roles", principal.roles.join(" "));
  add("groups", principal.groups.join(" "));
  add("permissions", principal.permissions.join(" "));
  add("key", `${token.algorithm}${token.keyId === undefined ? "" : `, kid ${token.keyId}`}`);
  add("expires", describeExpiry(token.expiresAt / 1000, (at ?? Date.now()) / 1000));
  return [
    `${renderMark("good", paint)} ${paint(["green", "bold"], "accepted")}`,
    ...alignColumns(rows, "    "),
    "",
  ].join("\n");
}

function describeExpiry(seconds: number, nowSeconds: number): string {
  const instant = formatInstant(seconds);
  return instant === undefined ? "never" : `${instant}, ${formatDistance(seconds, nowSeconds)}`;
}

function renderRejected(rejected: Rejected, { terminal }: VerdictContext): string {
  const { paint } = terminal;
  const rows: string[][] = [];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined) rows.push([paint("dim", name), shorten(value, MAX_VALUE)]);
  };
  add("issuer", rejected.issuer);
  add("expected", rejected.expected);
  add("found", rejected.found);
  add("answer", describeAnswer(rejected));
  const remedy = renderRemedy(REMEDIES[rejected.reason], terminal);
  return [renderHeadline(rejected, paint), ...alignColumns(rows, "    "), ...remedy, ""].join("\n");
}

/** The verdict in one line where it is a refusal: for where the details have been told already. */
export function renderConclusion(verdict: Verdict, context: VerdictContext): string {
  if (verdict.ok) return renderAccepted(verdict, context);
  const { paint } = context.terminal;
  return `${renderHeadline(verdict, paint)}\n    ${paint("dim", `answered with ${describeAnswer(verdict)}`)}\n`;
}

function renderHeadline({ fault, reason, message }: Rejected, paint: Paint): string {
  const word = fault === "system" ? "could not be checked" : "rejected";
  return `${renderMark("bad", paint)} ${paint(["red", "bold"], word)}  ${paint("bold", reason)}: ${escapeUnprintable(message)}`;
}

function describeAnswer({ reason, retryAfterSeconds }: Rejected): string {
  const retry = retryAfterSeconds === undefined ? "" : `, Retry-After: ${retryAfterSeconds}`;
  return `HTTP ${REASONS[reason].httpStatus}${retry}`;
}

/** What to do, behind an arrow, wrapped to the terminal. */
export function renderRemedy(remedy: string, { paint, columns }: Terminal): string[] {
  const lines = wrapText(remedy, Math.max(40, columns - 8));
  return lines.map((line, index) => `    ${paint("cyan", index === 0 ? "→" : " ")} ${line}`);
}
