import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Configuration } from "@countersign/server";
import { probeRedis } from "@countersign/server";
import { describeFileError } from "../file-error.ts";
import { formatMilliseconds } from "../output/time-text.ts";
import type { DoctorLog } from "./doctor-log.ts";

/** Whether the stores can be had as the sidecar will want them; nothing is written. */
export async function examineStores(configuration: Configuration, log: DoctorLog): Promise<void> {
  const { revocation, replay, publishedStatusLists } = configuration;
  const stores = Object.entries({ revocation, replay, publishedStatusLists }).flatMap(([subject, part]) =>
    part === undefined || part.store === "memory" ? [] : [{ subject, store: part.store }],
  );
  if (stores.length === 0) log.skip("dependencies.stores", { detail: "nothing is kept outside of memory" });
  for (const { subject, store } of stores) await examineStore(subject, { store, log });
}

interface ExaminedStore {
  readonly store: Exclude<Configuration["replay"]["store"], "memory">;
  readonly log: DoctorLog;
}

async function examineStore(subject: string, { store, log }: ExaminedStore): Promise<void> {
  const check = "dependencies.stores";
  if ("sqlite" in store) {
    const folder = dirname(resolve(store.sqlite));
    try {
      await access(folder, constants.W_OK);
      log.pass(check, { subject, detail: `${folder} can be written by this user` });
    } catch (error) {
      log.fail(check, {
        subject,
        detail: `${folder} cannot be written: ${describeFileError(error)}`,
        remedy: "Make the folder for the sidecar's user, or run doctor as that user.",
      });
    }
    return;
  }
  try {
    const { durationMs, weaknesses } = await probeRedis(store.redis);
    log.pass(check, { subject, detail: `Redis answers a read within ${formatMilliseconds(durationMs)}` });
    tellDurability(subject, { weaknesses, log });
  } catch {
    // The library's message may quote the address with its credentials.
    log.fail(check, {
      subject,
      detail: "Redis does not answer, or refuses the user",
      remedy:
        "Check its address, the ACL user and password, and TLS; `redis-cli PING` from this machine helps.",
      fault: "unreachable",
    });
  }
}

function tellDurability(
  subject: string,
  { weaknesses, log }: { readonly weaknesses: readonly string[]; readonly log: DoctorLog },
): void {
  const check = "dependencies.durability";
  // What was used once may be forgotten with its machine, as decision 0010 says; what was revoked may not.
  if (subject === "replay") return;
  for (const weakness of weaknesses) {
    const [detail = weakness, remedy = "see the guide on revocation"] = weakness.split(": ");
    log.fail(check, { subject, detail, remedy: `In Redis, ${remedy}.` });
  }
  if (weaknesses.length === 0) log.pass(check, { subject, detail: "Redis keeps what it acknowledges" });
}
