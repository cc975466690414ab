import type { EngineEvent } from "countersign";

import type { OperationalLog } from "./operational-log.ts";

/** Writes what operators should read of the engine's events; single validations are left to metrics. */
export function logEngineEvent(event: EngineEvent, logger: OperationalLog): void {
  switch (event.type) {
    case "keys_fetch_finished": {
      const { issuer, result, detail, usableUntil } = event;
      if (result === "success" || result === "not_modified") return;
      logger.warn({ issuer, result, detail, usableUntil }, "an issuer's keys could not be fetched");
      return;
    }
    case "status_list_fetch_finished": {
      const { issuer, result } = event;
      if (result === "success") return;
      logger.warn({ issuer, result }, "a status list of an issuer could not be had");
      return;
    }
    case "key_set_changed": {
      const { issuer, added, removed } = event;
      logger.info({ issuer, added, removed }, "an issuer's keys changed");
      return;
    }
    case "key_set_suspicious": {
      const { issuer, keysBefore, keysAfter } = event;
      logger.warn(
        { issuer, keysBefore, keysAfter },
        "an issuer's key set shrank suddenly; the good one is kept for a while",
      );
      return;
    }
    case "key_refused": {
      const { issuer, index, problem } = event;
      logger.warn({ issuer, index, problem }, "a key of an issuer cannot be used");
      return;
    }
    case "opt_out_in_force": {
      const { issuer, path, value } = event;
      logger.warn({ issuer, path, value }, "an option that weakens safety is in force");
      return;
    }
    default:
      return;
  }
}
