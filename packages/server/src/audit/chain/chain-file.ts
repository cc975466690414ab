/** Writes the trail to files: a chain of lines with signed heads, a new file at each start and where one is full. */

import { type KeyObject, randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";

import type { AuditEvent } from "../audit-event.ts";
import { AUDIT_EVENTS } from "../audit-event.ts";
import { orderFields } from "../formats/order-fields.ts";
import type { AuditOutput } from "../output-queue.ts";
import { listArchives, nameArchive } from "./chain-files.ts";
import { type ChainPosition, type ChainRecord, namePublicKey, writeLine } from "./chain-record.ts";
import { type FileTail, readTail } from "./read-tail.ts";

export interface ChainFileSetup {
  readonly path: string;
  /** After so many bytes a new file begins. */
  readonly maxBytes: number;
  /** How many of those that are no longer written are kept; 0 keeps all. */
  readonly keepFiles: number;
  readonly signingKey: KeyObject;
  readonly clock: () => number;
  /** Told of what happens to the files. */
  onNotice(notice: ChainNotice): void;
}

export interface ChainNotice {
  readonly message: string;
  readonly fields: object;
}

/** A signed head after so many lines, or so long after a line that no head covers yet. */
const HEAD_LINES = 256;
const HEAD_MS = 5000;

interface OpenFile {
  readonly handle: FileHandle;
  readonly inode: number;
  readonly number: number;
  readonly chain: string;
  bytes: number;
}

export class ChainFile implements AuditOutput {
  readonly name = "file";
  readonly #setup: ChainFileSetup;
  #position: ChainPosition;
  #open: OpenFile;
  /** What has to be begun, where the file before has ended. */
  #next: NextFile | undefined;
  #unsigned = 0;
  #headTimer: NodeJS.Timeout | undefined;
  #steps: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** @throws Error where files cannot be read or made, or hold something else. */
  static async open(setup: ChainFileSetup): Promise<ChainFile> {
    const tail = await findTail(setup.path);
    if (tail?.isActive === true) await rename(setup.path, nameArchive(setup.path, tail.file));
    const opened = await openNext(setup, {
      chain: tail?.chain ?? randomBytes(8).toString("hex"),
      number: (tail?.file ?? 0) + 1,
      position: tail?.position ?? { sequence: 0, hash: "" },
      previousEnd: tail?.end ?? "none",
      tornBytes: tail?.tornBytes ?? 0,
    });
    if (tail !== undefined && tail.end !== "closed") {
      const { end, tornBytes } = tail;
      setup.onNotice({
        message: "the audit trail was not closed by the last run",
        fields: { end, tornBytes },
      });
    }
    return new ChainFile(setup, opened);
  }

  private constructor(setup: ChainFileSetup, { file, position }: Opened) {
    this.#setup = setup;
    this.#open = file;
    this.#position = position;
  }

  deliver(events: readonly AuditEvent[]): Promise<void> {
    return this.#inTurn(() => this.#append(events));
  }

  /** Signs the end, once. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#headTimer);
    await this.#inTurn(async () => {
      if (this.#next !== undefined) return;
      try {
        await this.#finish("stopped");
      } finally {
        await this.#open.handle.close();
      }
    });
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const end = this.#steps.then(step);
    this.#steps = end.catch(() => undefined);
    return end;
  }

  async #append(events: readonly AuditEvent[]): Promise<void> {
    if (this.#next !== undefined) await this.#beginNext(this.#next);
    else if (this.#open.bytes >= this.#setup.maxBytes) await this.#turnOver("full");
    else if (await this.#isDisturbed()) await this.#turnOver("disturbed");
    const lines: string[] = [];
    let position = this.#position;
    for (const event of events) {
      const next = writeLine(position, orderFields(event));
      lines.push(next.line);
      position = next.position;
    }
    const isSigned = this.#unsigned + events.length >= HEAD_LINES;
    if (isSigned) {
      const next = this.#sign(position, { event: "audit.head", time: this.#now() });
      lines.push(next.line);
      position = next.position;
    }
    await this.#write(lines, isSigned || events.some(({ event }) => AUDIT_EVENTS[event].isDurable));
    this.#position = position;
    this.#unsigned = isSigned ? 0 : this.#unsigned + events.length;
    this.#planHead();
  }

  /** All of the lines or none: what was written in part is taken back. */
  async #write(lines: readonly string[], isDurable: boolean): Promise<void> {
    const { handle, bytes } = this.#open;
    const octets = Buffer.from(`${lines.join("\n")}\n`);
    try {
      for (let done = 0; done < octets.length; ) {
        const { bytesWritten } = await handle.write(octets, done, octets.length - done, bytes + done);
        done += bytesWritten;
      }
      if (isDurable) await handle.datasync();
    } catch (error) {
      await handle.truncate(bytes).catch(() => undefined);
      throw error;
    }
    this.#open.bytes = bytes + octets.length;
  }

  #sign(position: ChainPosition, record: ChainRecord): ReturnType<typeof writeLine> {
    return writeLine(position, record, this.#setup.signingKey);
  }

  #now(): string {
    return new Date(this.#setup.clock()).toISOString();
  }

  #planHead(): void {
    if (this.#unsigned === 0 || this.#isClosed) {
      clearTimeout(this.#headTimer);
      this.#headTimer = undefined;
      return;
    }
    this.#headTimer ??= setTimeout(() => {
      this.#headTimer = undefined;
      this.#inTurn(() => this.#writeHead()).catch(() => this.#planHead());
    }, HEAD_MS).unref();
  }

  async #writeHead(): Promise<void> {
    if (this.#unsigned === 0 || this.#isClosed || this.#next !== undefined) return;
    const { line, position } = this.#sign(this.#position, { event: "audit.head", time: this.#now() });
    await this.#write([line], true);
    this.#position = position;
    this.#unsigned = 0;
  }

  /** Whether somebody else wrote to the file, shortened it, moved it or took it away. */
  async #isDisturbed(): Promise<boolean> {
    const { handle, bytes, inode } = this.#open;
    const [own, named] = await Promise.all([handle.stat(), stat(this.#setup.path).catch(() => undefined)]);
    return own.size !== bytes || named?.ino !== inode;
  }

  async #finish(because: "full" | "stopped"): Promise<void> {
    const { line, position } = this.#sign(this.#position, {
      event: "audit.closed",
      time: this.#now(),
      because,
    });
    await this.#write([line], true);
    this.#position = position;
    this.#unsigned = 0;
  }

  /** Ends this file and begins the next. */
  async #turnOver(because: "full" | "disturbed"): Promise<void> {
    const { path, onNotice } = this.#setup;
    const { number, chain, handle } = this.#open;
    if (because === "full") {
      await this.#finish("full");
    } else {
      // What others did to it stays as it is, and the next file says where this one stood.
      onNotice({
        message: "somebody else changed, moved or removed the audit file",
        fields: { path, file: number },
      });
    }
    await handle.close();
    const previousEnd = because === "full" ? "closed" : "unclosed";
    this.#next = { chain, number: number + 1, position: this.#position, previousEnd, tornBytes: 0 };
    await this.#beginNext(this.#next);
  }

  /** Tried again where it fails: the file before has ended. */
  async #beginNext(next: NextFile): Promise<void> {
    const { path } = this.#setup;
    const { inode, number } = this.#open;
    const named = await stat(path).catch(() => undefined);
    if (named?.ino === inode) await rename(path, nameArchive(path, number));
    const opened = await openNext(this.#setup, next);
    this.#next = undefined;
    this.#open = opened.file;
    this.#position = opened.position;
    this.#unsigned = 0;
    await this.#removeOldest();
  }

  async #removeOldest(): Promise<void> {
    const { keepFiles, path, onNotice } = this.#setup;
    if (keepFiles === 0) return;
    const archives = await listArchives(path);
    for (const archive of archives.slice(0, Math.max(0, archives.length - keepFiles))) {
      await rm(archive.path, { force: true });
      onNotice({ message: "an old file of the audit trail was removed", fields: { path: archive.path } });
    }
  }
}

interface Opened {
  readonly file: OpenFile;
  readonly position: ChainPosition;
}

interface NextFile {
  readonly chain: string;
  readonly number: number;
  readonly position: ChainPosition;
  readonly previousEnd: Extract<ChainRecord, { event: "audit.opened" }>["previousEnd"];
  readonly tornBytes: number;
}

/** Under its name only once its first line is whole. */
async function openNext(setup: ChainFileSetup, next: NextFile): Promise<Opened> {
  const { path, signingKey, clock } = setup;
  const { chain, number, previousEnd, tornBytes } = next;
  const record: ChainRecord = {
    event: "audit.opened",
    time: new Date(clock()).toISOString(),
    chain,
    file: number,
    previousEnd,
    tornBytes,
    publicKey: namePublicKey(signingKey),
  };
  const { line, position } = writeLine(next.position, record, signingKey);
  if ((await stat(path).catch(() => undefined)) !== undefined) {
    throw new Error(`${path} is there already, and not ours`);
  }
  const beginning = `${path}.new`;
  await rm(beginning, { force: true });
  const handle = await open(beginning, "wx", 0o600);
  try {
    const octets = Buffer.from(`${line}\n`);
    await handle.write(octets, 0, octets.length, 0);
    await handle.sync();
    await rename(beginning, path);
    const { ino } = await handle.stat();
    return { file: { handle, inode: ino, number, chain, bytes: octets.length }, position };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The end of the newest file. @throws Error where the active one is none of a trail. */
async function findTail(path: string): Promise<(FileTail & { readonly isActive: boolean }) | undefined> {
  if ((await stat(path).catch(() => undefined)) !== undefined) {
    const tail = await readTail(path);
    if (tail === undefined) throw new Error(`${path} holds something else than an audit trail`);
    return { ...tail, isActive: true };
  }
  const newest = (await listArchives(path)).at(-1);
  const tail = newest && (await readTail(newest.path));
  return tail && { ...tail, isActive: false };
}
