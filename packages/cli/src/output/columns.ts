import { measureWidth } from "../terminal.ts";

/** Pads on the right to `width` cells; color codes take none. */
export function padCells(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - measureWidth(text)));
}

/** Rows as aligned columns, two spaces apart, each line behind `indent`; the last column is not padded. */
export function alignColumns(rows: readonly (readonly string[])[], indent: string = "  "): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries())
      widths[index] = Math.max(widths[index] ?? 0, measureWidth(cell));
  }
  return rows.map((row) => {
    const cells = row.map((cell, index) =>
      index === row.length - 1 ? cell : padCells(cell, widths[index] ?? 0),
    );
    return (indent + cells.join("  ")).trimEnd();
  });
}

/** Breaks text at spaces so that no line is longer than `width`, unless a word is. */
export function wrapText(text: string, width: number): string[] {
  return wrapWords(text.split(" "), width);
}

/** As `wrapText`, for words that must stay whole, such as a flag with its value. */
export function wrapWords(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}
