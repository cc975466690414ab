/** What the lines of one file show of each other: which of them were changed, cut out, moved or added. */

/** A line as far as the chain is concerned. */
export interface SeenLine {
  /** Undefined for what is no record. */
  readonly sequence: number | undefined;
  /** Whether it names the hash of the line before; true for the first line that there is. */
  readonly isLinked: boolean;
  /** Undefined for lines that are not to be signed. */
  readonly isSigned: boolean | undefined;
}

export type LineProblemKind = "edited" | "missing" | "moved" | "rewritten";

export interface LineProblem {
  /** From 1: where it shows. `fromLine` where it may have begun before. */
  readonly line: number;
  readonly fromLine: number;
  readonly kind: LineProblemKind;
  readonly detail: string;
}

/**
 * Finds what is wrong with lines of which each should name the one before.
 * @param first The number that the first line should have, where that is known.
 */
export function judgeLines(lines: readonly SeenLine[], first: number | undefined): readonly LineProblem[] {
  const judge = new LineJudge(lines, first);
  for (const index of lines.keys()) judge.judge(index);
  return judge.problems;
}

class LineJudge {
  readonly problems: LineProblem[] = [];
  readonly #lines: readonly SeenLine[];
  readonly #told = new Set<number>();
  #expected: number | undefined;
  #lastSigned = -1;

  constructor(lines: readonly SeenLine[], first: number | undefined) {
    this.#lines = lines;
    this.#expected = first;
  }

  judge(index: number): void {
    const line = this.#lines[index];
    if (line === undefined) return;
    const { sequence, isLinked } = line;
    const expected = this.#expected;
    if (sequence === undefined) {
      this.#tell("edited", index, "it is no record");
      // The numbers begin anew: what is wrong is told.
      this.#expected = undefined;
      return;
    }
    this.#expected = Math.max(sequence + 1, expected ?? 0);
    if (expected !== undefined && sequence !== expected) this.#judgeNumber(index, { sequence, expected });
    else if (!isLinked && !this.#told.has(index - 1)) this.#judgeLink(index);
    this.#judgeSignature(index);
  }

  #judgeNumber(index: number, { sequence, expected }: { sequence: number; expected: number }): void {
    if (this.#lines[index]?.isLinked === true) {
      this.#tell("edited", index, `it says that it is record ${sequence}, and it is ${expected}`);
      this.#expected = expected + 1;
    } else if (sequence > expected) {
      const records = `records ${expected} to ${sequence - 1} are`;
      const which = sequence - expected === 1 ? `record ${expected} is` : records;
      this.#tell("missing", index, `${which} not before it`);
    } else this.#tell("moved", index, `record ${sequence} where ${expected} belongs`);
  }

  /** It does not name the line before: that one was changed, unless this one was, which the next line shows. */
  #judgeLink(index: number): void {
    const isNamed = this.#isNamed(index);
    const isSigned = this.#lines[index]?.isSigned;
    if (isNamed === false) {
      this.#tell(
        "edited",
        index,
        "neither does it name the line before, nor is it named by the one after",
        index - 1,
      );
    } else if (isNamed === undefined && isSigned === false) {
      this.#tell("edited", index, "the signature does not fit the line");
    } else if (isNamed === undefined && isSigned === undefined) {
      this.#tell("edited", index, "it does not name the line before", index - 1);
    } else if (index > 0) this.#tell("edited", index - 1, "it is not what the line after names");
    else
      this.#tell(
        "edited",
        index,
        "it does not name the last line of the file before, which is not what was written",
      );
  }

  #judgeSignature(index: number): void {
    const { isSigned } = this.#lines[index] ?? {};
    if (isSigned === true) this.#lastSigned = index;
    if (isSigned !== false || this.#told.has(index)) return;
    if (this.#isNamed(index) === false) {
      this.#tell("edited", index, "the signature does not fit the line");
      return;
    }
    const detail = "the signature is not ours: lines since the last good one were rewritten";
    this.#tell("rewritten", index, detail, this.#lastSigned + 1);
  }

  /** Whether the next line names this one; undefined for the last. */
  #isNamed(index: number): boolean | undefined {
    return this.#lines[index + 1]?.isLinked;
  }

  #tell(kind: LineProblemKind, index: number, detail: string, from: number = index): void {
    if (this.#told.has(index)) return;
    this.#told.add(index);
    this.problems.push({ line: index + 1, fromLine: Math.max(0, from) + 1, kind, detail });
  }
}
