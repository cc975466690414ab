/** The files of a trail: the one that is written, and those that were, numbered in their order. */

import { readdir, stat } from "node:fs/promises";
import path from "node:path";

const DIGITS = 6;

/** Where the file of this number goes once it is whole: `audit.jsonl` becomes `audit.000001.jsonl`. */
export function nameArchive(active: string, file: number): string {
  const { dir, name, ext } = path.parse(active);
  return path.join(dir, `${name}.${String(file).padStart(DIGITS, "0")}${ext}`);
}

/** A file that is no longer written. */
export interface Archive {
  readonly path: string;
  readonly file: number;
}

/** The archives beside the active file, oldest first. @throws Error where the folder cannot be read. */
export async function listArchives(active: string): Promise<readonly Archive[]> {
  const { dir, name, ext } = path.parse(active);
  const found = (await readdir(dir === "" ? "." : dir)).flatMap((entry): Archive[] => {
    if (!entry.startsWith(`${name}.`) || !entry.endsWith(ext)) return [];
    const digits = entry.slice(name.length + 1, entry.length - ext.length);
    if (!/^[0-9]{6,12}$/.test(digits)) return [];
    return [{ path: path.join(dir, entry), file: Number(digits) }];
  });
  return found.toSorted((left, right) => left.file - right.file);
}

/** All files of a trail in their order: the archives, and the active one where there is one. @throws Error as above. */
export async function listTrailFiles(active: string): Promise<readonly string[]> {
  const archives = await listArchives(active);
  const found = await stat(active).catch(() => undefined);
  return [...archives.map((archive) => archive.path), ...(found === undefined ? [] : [active])];
}
