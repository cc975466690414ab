/** The directory of key files: one file a key, written whole or not at all, and a tombstone for each that was destroyed. */

import { randomUUID } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { access, link, lstat, mkdir, open, unlink } from "node:fs/promises";
import path from "node:path";
import { SigningError } from "../../signing-error.ts";

const MAX_FILE_BYTES = 65_536;
const OWNER_ONLY = 0o600;
const OPEN_TO_OTHERS = 0o077;
const WRITABLE_BY_OTHERS = 0o022;

export class KeyDirectory {
  readonly #directory: string;
  readonly #backend: string;

  constructor(directory: string, backend: string) {
    this.#directory = path.resolve(directory);
    this.#backend = backend;
  }

  /** False where a key of this label is, or was. */
  async create(label: string, text: string): Promise<boolean> {
    await this.#attempt(() => mkdir(this.#directory, { recursive: true, mode: 0o700 }));
    await this.#checkDirectory();
    if (await this.isDestroyed(label)) return false;
    return this.#attempt(() => writeNew(this.#keyPath(label), text));
  }

  /** Undefined where there is none. */
  async read(label: string): Promise<string | undefined> {
    await this.#checkDirectory();
    const file = await this.#attempt(() =>
      open(this.#keyPath(label), constants.O_RDONLY | constants.O_NOFOLLOW).catch(passIfMissing),
    );
    if (file === undefined) return undefined;
    try {
      const status = await file.stat();
      this.#checkFile(status, label);
      return await file.readFile("utf8");
    } finally {
      await file.close();
    }
  }

  async isDestroyed(label: string): Promise<boolean> {
    const found = await this.#attempt(() =>
      access(this.#tombstonePath(label)).then(() => true, passIfMissing),
    );
    return found ?? false;
  }

  /** First the tombstone, then the key: whatever a crash leaves, the key is not used again. */
  async destroy(label: string): Promise<void> {
    await this.#checkDirectory();
    await this.#attempt(async () => {
      await writeNew(this.#tombstonePath(label), "");
      await unlink(this.#keyPath(label)).catch(passIfMissing);
      await syncDirectory(this.#directory);
    });
  }

  #keyPath(label: string): string {
    return path.join(this.#directory, `${label}.key.json`);
  }

  #tombstonePath(label: string): string {
    return path.join(this.#directory, `${label}.destroyed`);
  }

  async #checkDirectory(): Promise<void> {
    const status = await this.#attempt(() => lstat(this.#directory));
    if (!status.isDirectory()) this.#refuse(`expected a directory at ${this.#directory}`);
    if (process.platform !== "win32" && (status.mode & WRITABLE_BY_OTHERS) !== 0) {
      this.#refuse(
        `others may write to ${this.#directory} (mode ${formatMode(status)}); run chmod 700 on it, and look at what is in it`,
      );
    }
  }

  #checkFile(status: Stats, label: string): void {
    const file = this.#keyPath(label);
    if (!status.isFile()) this.#refuse(`expected a regular file at ${file}`);
    if (status.size > MAX_FILE_BYTES)
      this.#refuse(`${file} has ${status.size} bytes, more than ${MAX_FILE_BYTES}`);
    if (process.platform === "win32") return;
    if ((status.mode & OPEN_TO_OTHERS) !== 0) {
      this.#refuse(
        `${file} has the mode ${formatMode(status)}, expected 600; run chmod 600 on it, and rotate the key`,
      );
    }
    const user = process.geteuid?.();
    if (user !== undefined && status.uid !== user && user !== 0) {
      this.#refuse(`${file} belongs to user ${status.uid}, expected ${user}`);
    }
  }

  #refuse(problem: string): never {
    throw new SigningError(`${this.#backend}: ${problem}`, { kind: "misconfigured", backend: this.#backend });
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof SigningError) throw error;
      const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
      return this.#refuse(
        `${this.#directory} cannot be used (${code}); look at its path, its permissions and its space`,
      );
    }
  }
}

function formatMode(status: Stats): string {
  return (status.mode & 0o777).toString(8);
}

function passIfMissing(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}

/** The whole text under a name that nobody had, or nothing. False where somebody had it. */
async function writeNew(target: string, text: string): Promise<boolean> {
  const temporary = `${target}.${randomUUID()}.tmp`;
  const file = await open(temporary, "wx", OWNER_ONLY);
  try {
    try {
      await file.writeFile(text, "utf8");
      await file.sync();
    } finally {
      await file.close();
    }
    // Unlike a rename, a link never replaces what is there.
    await link(temporary, target);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    await unlink(temporary);
  }
  await syncDirectory(path.dirname(target));
  return true;
}

async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
