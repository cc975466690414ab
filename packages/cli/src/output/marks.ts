import type { Paint, Style } from "../terminal.ts";

/** What a line in a list is about. */
export type Mark = "good" | "bad" | "attention" | "skipped";

const MARKS: Readonly<Record<Mark, { readonly sign: string; readonly style: Style }>> = {
  good: { sign: "✓", style: "green" },
  bad: { sign: "✗", style: "red" },
  attention: { sign: "!", style: "yellow" },
  skipped: { sign: "–", style: "dim" },
};

/** One painted character in front of a line; its sign alone tells the outcome where there are no colors. */
export function renderMark(mark: Mark, paint: Paint): string {
  const { sign, style } = MARKS[mark];
  return paint(style, sign);
}
