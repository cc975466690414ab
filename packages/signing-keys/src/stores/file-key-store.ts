import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, stat, unlink } from "node:fs/promises";
import path from "node:path";
import { type KeyStore, KeyStoreUnavailableError, type StoredLedger } from "../lifecycle/key-store.ts";
import { MAX_LEDGER_BYTES } from "../lifecycle/read-ledger.ts";

const NAME = /^ledger-(\d{12})\.json$/;
/** Versions that are kept, so that one who reads a version can do so while newer ones are written. */
const KEPT_VERSIONS = 16;
/** How often a reader looks again where the version that it found was cleaned away meanwhile. */
const READ_ATTEMPTS = 5;
/** A file of a writer that died. */
const ABANDONED_MS = 60_000;

/**
 * The ledger in a folder of its own, one file a version, each complete from the moment that it has its name. A version
 * is taken by linking its file, which succeeds for one writer only: there is no lock that a crash could leave behind.
 * For processes of one machine; not for network file systems.
 */
export class FileKeyStore implements KeyStore {
  readonly name: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = path.resolve(folder);
    this.name = `file:${folder}`;
  }

  async read(): Promise<StoredLedger | undefined> {
    return this.#guard(async () => {
      for (let attempt = 1; ; attempt += 1) {
        const version = (await this.#listVersions()).at(-1);
        if (version === undefined) return undefined;
        const text = await this.#readVersion(version);
        if (text !== undefined) return { version, text };
        if (attempt === READ_ATTEMPTS) throw new Error("it is changed faster than it can be read");
      }
    });
  }

  async replace({ version, text }: StoredLedger): Promise<boolean> {
    return this.#guard(async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const before = (await this.#listVersions()).at(-1) ?? 0;
      if (before !== version - 1) return false;
      const temporary = path.join(this.#folder, `.${randomUUID()}.tmp`);
      try {
        await writeDurably(temporary, text);
        const isFirst = await linkFirst(temporary, this.#pathOf(version));
        if (!isFirst) return false;
      } finally {
        await unlink(temporary).catch(() => undefined);
      }
      await syncFolder(this.#folder);
      // One who slept since it looked may have taken a name that was cleaned away: the highest version counts.
      const versions = await this.#listVersions();
      if ((versions.at(-1) ?? 0) - version >= KEPT_VERSIONS) {
        await unlink(this.#pathOf(version)).catch(() => undefined);
        return false;
      }
      await this.#clean(versions);
      return true;
    });
  }

  async close(): Promise<void> {}

  #pathOf(version: number): string {
    return path.join(this.#folder, `ledger-${String(version).padStart(12, "0")}.json`);
  }

  async #listVersions(): Promise<readonly number[]> {
    const names = await readdir(this.#folder).catch((error: unknown) => {
      if (isCode(error, "ENOENT")) return [];
      throw error;
    });
    return names
      .map((name) => Number(NAME.exec(name)?.[1] ?? 0))
      .filter((version) => version > 0)
      .sort((left, right) => left - right);
  }

  async #readVersion(version: number): Promise<string | undefined> {
    const file = this.#pathOf(version);
    try {
      const { size, mode } = await stat(file);
      if (size > MAX_LEDGER_BYTES) throw new Error(`${file} has more than ${MAX_LEDGER_BYTES} octets`);
      if ((mode & 0o022) !== 0) throw new Error(`${file} can be written by others: chmod 600 ${file}`);
      return await readFile(file, "utf8");
    } catch (error) {
      if (isCode(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  /** What cannot be removed now is removed another time. */
  async #clean(versions: readonly number[]): Promise<void> {
    const old = versions.slice(0, -KEPT_VERSIONS).map((version) => this.#pathOf(version));
    const names = await readdir(this.#folder);
    for (const name of names.filter((each) => each.endsWith(".tmp"))) {
      const file = path.join(this.#folder, name);
      const status = await stat(file).catch(() => undefined);
      if (status !== undefined && Date.now() - status.mtimeMs > ABANDONED_MS) old.push(file);
    }
    await Promise.all(old.map((file) => unlink(file).catch(() => undefined)));
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const detail = error instanceof Error ? error.message : "it failed without saying why";
      throw new KeyStoreUnavailableError(`the store in ${this.#folder} cannot be used: ${detail}`, {
        cause: error,
      });
    }
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function linkFirst(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
