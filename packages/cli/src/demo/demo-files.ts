import { rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The demo's folder. */
export interface DemoFiles {
  readonly folder: string;
  /** Writes a file that only this user can read, and gives its path. */
  write(name: string, text: string): Promise<string>;
  /** Removes everything; idempotent. Happens by itself when the process exits, however it does but by SIGKILL. */
  remove(): void;
}

/** A temporary folder of mode 0700 (as mkdtemp makes it), for the demo's tokens and its configuration. */
export async function createDemoFiles(): Promise<DemoFiles> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-demo-"));
  const remove = (): void => {
    process.off("exit", remove);
    rmSync(folder, { recursive: true, force: true });
  };
  process.on("exit", remove);
  return {
    folder,
    remove,
    async write(name, text) {
      const path = join(folder, name);
      await writeFile(path, text, { mode: 0o600 });
      return path;
    },
  };
}
