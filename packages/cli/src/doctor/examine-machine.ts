import { readFile } from "node:fs/promises";
import type { Configuration } from "@countersign/server";
import type { DoctorLog } from "./doctor-log.ts";

/** Ends of maintenance by the release plan of Node.js; an odd major ends when the next even one comes. */
const MAINTAINED_UNTIL: Readonly<Record<number, string>> = {
  22: "2027-04-30",
  24: "2028-04-30",
  26: "2029-04-30",
};
/** Files of keys, stores, workers and the runtime, besides connections. */
const OWN_DESCRIPTORS = 256;

/** What this machine gives the sidecar. Read here: run doctor where, and as whom, the sidecar runs. */
export async function examineMachine(configuration: Configuration, log: DoctorLog): Promise<void> {
  examineRuntime(log);
  await examineDescriptors(configuration, log);
}

function examineRuntime(log: DoctorLog): void {
  const check = "machine.runtime";
  const major = Number(process.versions.node.split(".")[0]);
  const until = MAINTAINED_UNTIL[major];
  const version = `Node.js ${process.versions.node}`;
  const remedy = "Run the sidecar on the newest long-term release: flaws of older ones are not repaired.";
  if (until !== undefined && Date.parse(until) < Date.now()) {
    log.fail(check, { detail: `${version} was maintained until ${until}`, remedy });
  } else if (until === undefined) {
    log.warn(check, { detail: `${version} is no long-term release that is known here`, remedy });
  } else {
    log.pass(check, { detail: `${version}, maintained until ${until}` });
  }
}

async function examineDescriptors(configuration: Configuration, log: DoctorLog): Promise<void> {
  const check = "machine.descriptors";
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => undefined);
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits ?? "") ?? [];
  if (soft === undefined) {
    log.skip(check, { detail: "this system does not tell the limit at /proc/self/limits" });
    return;
  }
  const wanted = countConnections(configuration) + OWN_DESCRIPTORS;
  if (Number(soft) >= wanted) {
    log.pass(check, { detail: `${soft} open files, of which ${wanted} may be needed` });
    return;
  }
  log.warn(check, {
    detail: `${soft} open files for this user here, and the configuration admits ${wanted}`,
    remedy: `Raise the limit (LimitNOFILE=${wanted} in systemd, ulimit -n), or lower overload.maxConnections.`,
  });
}

/** Connections that a process may have open at a time. */
function countConnections({ listeners, overload, proxy, upstream, upstreams }: Configuration): number {
  const doors = [listeners.decision, listeners.extAuthz, listeners.proxy].filter(
    (door) => door !== undefined,
  );
  const targets = Object.keys(upstreams).length + (upstream === undefined ? 0 : 1);
  return doors.length * overload.maxConnections + targets * proxy.maxConnections;
}
