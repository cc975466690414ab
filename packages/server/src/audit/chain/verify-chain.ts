/** Reads the files of a trail in their order, and finds what was changed, cut, moved or added, and where. */

import type { KeyObject } from "node:crypto";

import type { ChainPosition, PreviousEnd } from "./chain-record.ts";
import { hashLine, isChainEvent, isSignedBy, namePublicKey, readLine } from "./chain-record.ts";
import { judgeLines, type LineProblem, type LineProblemKind, type SeenLine } from "./judge-lines.ts";
import { readLines } from "./read-lines.ts";

/**
 * "edited": the line is not what was written. "missing": lines before it were cut out. "moved": out of its order, or
 * there twice. "rewritten": the lines follow from each other, but nobody signed them. "unclosed": the end is missing.
 * "missing_file": a whole file is not there. "other_key": written with another key. "anchor": not what was seen elsewhere.
 */
export type ChainProblemKind = LineProblemKind | "unclosed" | "missing_file" | "other_key" | "anchor";

export interface ChainProblem extends Omit<LineProblem, "kind"> {
  readonly file: string;
  readonly kind: ChainProblemKind;
}

/** What is no proof of a change: a crash, or lines that are not signed yet. */
export interface ChainNote {
  readonly file: string;
  readonly detail: string;
}

export interface ChainReport {
  readonly problems: readonly ChainProblem[];
  readonly notes: readonly ChainNote[];
  readonly lines: number;
  readonly events: number;
  /** Where the chain stands after the last line; an anchor for the next time. */
  readonly end: ChainPosition | undefined;
}

export interface ChainQuestion {
  /** In their order, oldest first. */
  readonly paths: readonly string[];
  /** Ed25519; the public half is enough. */
  readonly key: KeyObject;
  /** True where the last file is still being written. */
  readonly isLive: boolean;
  /** A position that was seen elsewhere. */
  readonly anchor?: ChainPosition;
}

/** More of one file are not told: one that was rewritten as a whole has as many as lines. */
const MAX_PROBLEMS = 100;

/** @throws Error where a file cannot be read. */
export async function verifyChain({ paths, key, isLive, anchor }: ChainQuestion): Promise<ChainReport> {
  const told = new Findings();
  let before: ReadFile | undefined;
  let lines = 0;
  let events = 0;
  let anchorHash: string | undefined;
  for (const path of paths) {
    const file: ReadFile = await readFile(path, { key, before, sought: anchor?.sequence });
    lines += file.lines.length;
    events += file.events;
    anchorHash ??= file.soughtHash;
    judgeFile(file, { before, told, key });
    before = file;
  }
  if (before !== undefined) judgeEnd(before, { told, isLive });
  if (anchor !== undefined && anchorHash !== anchor.hash) {
    const detail =
      anchorHash === undefined
        ? `record ${anchor.sequence}, which was seen elsewhere, is not here`
        : `record ${anchor.sequence} is not the one that was seen elsewhere`;
    told.problem(before, { kind: "anchor", line: Math.max(1, before?.lines.length ?? 1), detail });
  }
  const sequence = before?.lines.at(-1)?.sequence;
  const end =
    before === undefined || sequence === undefined ? undefined : { sequence, hash: before.lastHash };
  return { problems: told.problems, notes: told.notes, lines, events, end };
}

class Findings {
  readonly problems: ChainProblem[] = [];
  readonly notes: ChainNote[] = [];

  problem(
    file: Pick<ReadFile, "path"> | undefined,
    {
      line,
      fromLine = line,
      ...rest
    }: Omit<ChainProblem, "file" | "fromLine"> & { readonly fromLine?: number },
  ): void {
    this.problems.push({ file: file?.path ?? "", line, fromLine, ...rest });
  }

  note(file: Pick<ReadFile, "path">, detail: string): void {
    this.notes.push({ file: file.path, detail });
  }
}

interface ReadFile {
  readonly path: string;
  readonly lines: readonly SeenLine[];
  readonly events: number;
  readonly lastHash: string;
  /** After the last line feed. */
  readonly tornBytes: number;
  readonly opening: Opening | undefined;
  /** Positions of records that say that the file ends. */
  readonly closings: readonly { readonly index: number; readonly because: unknown }[];
  readonly soughtHash: string | undefined;
}

interface Opening {
  readonly file: number;
  readonly previousEnd: PreviousEnd;
  readonly tornBytes: number;
  readonly publicKey: string;
}

interface ReadingSetup {
  readonly key: KeyObject;
  readonly before: ReadFile | undefined;
  /** Number of the record whose hash is asked for. */
  readonly sought: number | undefined;
}

async function readFile(path: string, { key, before, sought }: ReadingSetup): Promise<ReadFile> {
  const lines: SeenLine[] = [];
  const closings: { index: number; because: unknown }[] = [];
  let [events, tornBytes, lastHash] = [0, 0, before?.lastHash];
  let opening: Opening | undefined;
  let soughtHash: string | undefined;
  for await (const { text, isWhole, isTooLong } of readLines(path)) {
    if (!isWhole) {
      tornBytes = text.length;
      continue;
    }
    const octets = Buffer.from(text, "latin1");
    const read = isTooLong ? undefined : readLine(octets.toString("utf8"));
    const isChain = read !== undefined && isChainEvent(read.event);
    if (lines.length === 0 && read?.event === "audit.opened") opening = read.record as unknown as Opening;
    if (read?.event === "audit.closed")
      closings.push({ index: lines.length, because: read.record["because"] });
    if (read !== undefined && !isChain) events += 1;
    lines.push({
      sequence: read?.sequence,
      isLinked: lastHash === undefined || read?.previous === lastHash,
      isSigned: isChain ? isSignedBy(octets.toString("utf8"), key) : undefined,
    });
    lastHash = hashLine(octets);
    if (read !== undefined && read.sequence === sought) soughtHash = lastHash;
  }
  return { path, lines, events, lastHash: lastHash ?? "", tornBytes, opening, closings, soughtHash };
}

interface JudgingSetup {
  readonly before: ReadFile | undefined;
  readonly told: Findings;
  readonly key: KeyObject;
}

function judgeFile(file: ReadFile, { before, told, key }: JudgingSetup): void {
  const { opening, lines, closings } = file;
  if (lines.length === 0) {
    told.problem(file, { kind: "edited", line: 1, detail: "the file has no whole line" });
    return;
  }
  if (opening === undefined) {
    told.problem(file, {
      kind: "missing",
      line: 1,
      detail: "the file does not begin with its opening record",
    });
  } else if (opening.publicKey !== namePublicKey(key)) {
    told.problem(file, {
      kind: "other_key",
      line: 1,
      detail: "the file was opened with another signing key",
    });
  }
  if (before === undefined && opening !== undefined && opening.file > 1) {
    told.note(file, `it is file ${opening.file} of its trail; what is before it is not here`);
  }
  const follows = before !== undefined && judgeSeam(before, { file, told });
  const first = follows ? nextSequence(before) : undefined;
  const [opened, ...others] = lines;
  // What is not here cannot be named.
  const judged = follows || opened === undefined ? lines : [{ ...opened, isLinked: true }, ...others];
  for (const problem of judgeLines(judged, first).slice(0, MAX_PROBLEMS)) told.problem(file, problem);
  const [closing] = closings;
  if (closing !== undefined && closing.index < lines.length - 1) {
    told.problem(file, { kind: "edited", line: closing.index + 2, detail: "it stands after the file's end" });
  }
}

/** Where one file ends and the next begins; false where they do not belong together. */
function judgeSeam(
  before: ReadFile,
  { file, told }: { readonly file: ReadFile; readonly told: Findings },
): boolean {
  const { opening } = file;
  const line = Math.max(1, before.lines.length);
  const number = before.opening?.file;
  if (opening !== undefined && number !== undefined && opening.file !== number + 1) {
    const detail = `file ${opening.file} follows file ${number}`;
    told.problem(file, { kind: "missing_file", line: 1, detail });
    return false;
  }
  if (isClosed(before)) return true;
  const isKnown =
    opening?.previousEnd === (before.tornBytes > 0 ? "torn" : "unclosed") &&
    opening.tornBytes === before.tornBytes;
  if (isKnown) told.note(before, `it was not closed, as a crash leaves it; the next file goes on from there`);
  else told.problem(before, { kind: "unclosed", line, detail: "its end is missing" });
  return true;
}

function judgeEnd(
  file: ReadFile,
  { told, isLive }: { readonly told: Findings; readonly isLive: boolean },
): void {
  const line = Math.max(1, file.lines.length);
  if (isClosed(file)) {
    if (file.closings.at(-1)?.because !== "full") return;
    told.problem(file, { kind: "missing_file", line, detail: "the file after it is not here" });
  } else if (isLive) {
    const unsigned = file.lines.length - 1 - file.lines.findLastIndex(({ isSigned }) => isSigned === true);
    told.note(file, `it is being written; its last ${unsigned} lines are not signed yet`);
  } else {
    const signed = file.lines.findLastIndex(({ isSigned }) => isSigned === true);
    const fromLine = Math.min(line, signed + 2);
    told.problem(file, {
      kind: "unclosed",
      line,
      fromLine,
      detail: "its end is missing, or it is being written",
    });
  }
}

function isClosed({ lines, closings, tornBytes }: ReadFile): boolean {
  return tornBytes === 0 && lines.at(-1)?.isSigned === true && closings.at(-1)?.index === lines.length - 1;
}

function nextSequence({ lines }: ReadFile): number | undefined {
  const last = lines.at(-1)?.sequence;
  return last === undefined ? undefined : last + 1;
}
