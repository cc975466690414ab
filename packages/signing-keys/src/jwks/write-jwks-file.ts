import { randomUUID } from "node:crypto";
import { chmod, open, readFile, rename, unlink } from "node:fs/promises";
import path from "node:path";
import type { PublishedJwks } from "./create-jwks.ts";

/**
 * Writes a JWKS where a web server or the upload to a CDN takes it from: readers see the old file or the new one, never
 * a part. Says whether anything changed. `max-age` is the server's to set.
 */
export async function writeJwksFile(file: string, { body }: Pick<PublishedJwks, "body">): Promise<boolean> {
  const before = await readFile(file, "utf8").catch(() => undefined);
  if (before === body) return false;
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, "wx", 0o644);
    try {
      await handle.writeFile(body);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // Others serve it, whatever this process's umask says.
    await chmod(temporary, 0o644);
    await rename(temporary, file);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  return true;
}
