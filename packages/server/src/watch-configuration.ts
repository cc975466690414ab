/** Reads a configuration file again when it changes, and on SIGHUP. */

import { watch } from "node:fs";
import { realpath } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import { loadConfiguration } from "./config/parse-configuration.ts";
import type { RunningServer } from "./running-server.ts";
import type { OperationalLog } from "./telemetry/operational-log.ts";

export interface WatchOptions {
  /** The configuration file. */
  readonly path: string;
  readonly server: Pick<RunningServer, "reload">;
  readonly logger: OperationalLog;
}

export interface ConfigurationWatch {
  /** Ends the watch; a reload under way ends by itself. Idempotent. */
  close(): void;
}

// Editors and Kubernetes write in several steps.
const SETTLE_MS = 200;

/**
 * Watches the file's folders rather than the file: editors replace it, and Kubernetes exchanges the folder that
 * a link beside it names. Files that the configuration refers to are read again with it; where they are in other
 * folders, their change is seen with the next reload.
 */
export async function watchConfiguration(options: WatchOptions): Promise<ConfigurationWatch> {
  const { path, server, logger } = options;
  let timer: NodeJS.Timeout | undefined;
  const reload = (): void => {
    server
      .reload(() => loadConfiguration(path))
      .catch((error: unknown) => {
        logger.error(
          { err: error },
          "a defect while the configuration was read again; the old one stays in force",
        );
      });
  };
  const onChange = (): void => {
    clearTimeout(timer);
    timer = setTimeout(reload, SETTLE_MS);
  };
  const onSignal = (): void => {
    logger.info({ path }, "SIGHUP: reading the configuration again");
    reload();
  };
  const watchers = (await listFolders(path)).flatMap((folder) => {
    try {
      const watcher = watch(folder, { persistent: false }, onChange);
      watcher.on("error", (error) =>
        logger.warn({ err: error, folder }, "a folder can no longer be watched"),
      );
      return [watcher];
    } catch (error) {
      logger.warn({ err: error, folder }, "a folder cannot be watched; send SIGHUP after a change");
      return [];
    }
  });
  process.on("SIGHUP", onSignal);
  return {
    close() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
      process.off("SIGHUP", onSignal);
    },
  };
}

/** The folder that names the file, and the one that holds it where the file is a link. */
async function listFolders(path: string): Promise<readonly string[]> {
  const named = dirname(resolve(path));
  const held = await realpath(path).then(dirname, () => named);
  return [...new Set([named, held])];
}
