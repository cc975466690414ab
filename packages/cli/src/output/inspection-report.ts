import type { JsonObject } from "countersign";
import type { Inspection } from "../inspection.ts";
import type { Terminal } from "../terminal.ts";
import { alignColumns } from "./columns.ts";
import { noteInspection } from "./inspection-notes.ts";
import { renderMark } from "./marks.ts";
import { escapeUnprintable, shorten } from "./printable.ts";
import { formatDistance, formatInstant } from "./time-text.ts";

/** Claims that are NumericDate: RFC 7519 section 4.1, OpenID Connect Core section 2 and 5.1. */
export const TIME_CLAIMS: readonly string[] = ["exp", "nbf", "iat", "auth_time", "updated_at"];

/** Where an inspection is shown, and as of which time. */
export interface InspectionContext {
  readonly terminal: Terminal;
  readonly nowSeconds: number;
}

const MAX_VALUE = 1000;

/** Header, payload and notes, under a first line that says that nothing is verified. */
export function renderInspection(inspection: Inspection, context: InspectionContext): string {
  const { paint } = context.terminal;
  const { header, payload, tokenBytes, signatureBytes } = inspection;
  const lines = [paint(["yellow", "bold"], "Nothing below is verified: anyone can write such a token."), ""];
  lines.push(paint("bold", "Header"), ...renderMembers(header, context), "");
  if (inspection.form !== "jwe") lines.push(paint("bold", "Payload"), ...renderMembers(payload, context), "");
  const size = signatureBytes === undefined ? "" : `, signature of ${signatureBytes} bytes`;
  lines.push(paint("dim", `${tokenBytes} bytes${size}`));
  for (const { weight, text } of noteInspection(inspection, context.nowSeconds)) {
    lines.push(`${renderMark(weight === "attention" ? "attention" : "skipped", paint)} ${text}`);
  }
  if (inspection.formProblem !== undefined) {
    lines.push(
      `${renderMark("bad", paint)} ${paint("red", "not a well-formed access token:")} ${escapeUnprintable(inspection.formProblem)}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function renderMembers(members: JsonObject | undefined, context: InspectionContext): string[] {
  const { paint } = context.terminal;
  if (members === undefined) return [`  ${paint("red", "cannot be decoded")}`];
  const names = Object.keys(members);
  if (names.length === 0) return [`  ${paint("dim", "empty")}`];
  return alignColumns(
    names.map((name) => [paint("cyan", shorten(name, 40)), renderValue([name, members[name]], context)]),
  );
}

function renderValue(
  [name, value]: readonly [string, unknown],
  { terminal, nowSeconds }: InspectionContext,
): string {
  if (typeof value === "number" && TIME_CLAIMS.includes(name)) {
    const instant = formatInstant(value);
    const meaning = instant === undefined ? "no date" : `${instant}, ${formatDistance(value, nowSeconds)}`;
    return `${value}  ${terminal.paint("dim", meaning)}`;
  }
  // A string of printable characters reads better bare; everything else as the JSON that it is.
  if (
    typeof value === "string" &&
    /^[^\s"\\]+( [^\s"\\]+)*$/.test(value) &&
    !/^(true|false|null|-?[0-9.]+)$/.test(value)
  ) {
    return shorten(value, MAX_VALUE);
  }
  return shorten(JSON.stringify(value) ?? "", MAX_VALUE);
}
