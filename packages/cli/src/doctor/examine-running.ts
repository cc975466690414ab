import { formatListenAddress, hashConfiguration } from "@countersign/server";
import { askAdmin } from "./ask-admin.ts";
import type { DoctorLog } from "./doctor-log.ts";
import type { DoctorPatient } from "./doctor-patient.ts";
import type { MetricSample } from "./read-samples.ts";
import { readSamples, sumSamples } from "./read-samples.ts";

const MOST_FAULTS = 0.001;
const LEAST_HITS = 0.5;
/** Fewer questions say nothing about a cache or a rate. */
const LEAST_ASKED = 1000;

/** The sidecar that runs with this file, where there is one: ready, of this configuration, and well. */
export async function examineRunning(
  { configuration, timeoutMs }: DoctorPatient,
  log: DoctorLog,
): Promise<void> {
  const { admin } = configuration.listeners;
  const where = formatListenAddress(admin);
  const ready = await askAdmin(admin, { path: "/healthz/ready", timeoutMs });
  const metrics = ready && (await askAdmin(admin, { path: "/metrics", timeoutMs }));
  if (ready === undefined || metrics === undefined) {
    log.fail("running.ready", {
      detail: `nobody answers at ${where}`,
      remedy:
        "Start the sidecar with this file and examine it again: what it has seen is not looked at before.",
      fault: "unreachable",
    });
    return;
  }
  if (ready.status === 200) log.pass("running.ready", { detail: `ready, at ${where}` });
  else {
    log.fail("running.ready", {
      detail: `${where} answers ${ready.status}`,
      remedy: "Ask /healthz/ready there: it names what is missing.",
    });
  }
  const samples = readSamples(metrics.text);
  examineHash({ samples, wanted: hashConfiguration(configuration) }, log);
  examineFaults(samples, log);
  examineCaches(samples, log);
  examineLosses(samples, log);
}

function examineHash(
  { samples, wanted }: { readonly samples: readonly MetricSample[]; readonly wanted: string },
  log: DoctorLog,
): void {
  const check = "running.configuration";
  const found = samples.find(({ name, value }) => name === "countersign_config_info" && value === 1)?.labels[
    "hash"
  ];
  if (found === wanted) {
    log.pass(check, { detail: `${wanted} is in force` });
    return;
  }
  log.fail(check, {
    detail: `${found ?? "an unknown configuration"} is in force, and this file is ${wanted}`,
    remedy:
      "Reload the sidecar and read its log; run doctor with the sidecar's environment, from its folder.",
  });
}

function examineFaults(samples: readonly MetricSample[], log: DoctorLog): void {
  const check = "running.faults";
  const name = "countersign_validations_total";
  const faults = sumSamples(samples, { name, labels: { fault: "system" } });
  const judged = faults + sumSamples(samples, { name, labels: { fault: "none" } });
  if (judged < LEAST_ASKED) {
    log.skip(check, { detail: `${judged} validations so far say nothing` });
    return;
  }
  const detail = `${faults} of ${judged} validations failed for a fault of the system`;
  if (faults / judged < MOST_FAULTS) {
    log.pass(check, { detail });
    return;
  }
  log.warn(check, {
    detail,
    remedy:
      'countersign_validations_total{fault="system"} tells the reasons; docs/reference/reasons.md what to do.',
  });
}

function examineCaches(samples: readonly MetricSample[], log: DoctorLog): void {
  const check = "running.caches";
  const name = "countersign_cache_requests_total";
  const caches = new Set(
    samples.flatMap((sample) => (sample.name === name ? (sample.labels["cache"] ?? []) : [])),
  );
  for (const cache of caches) {
    const asked = sumSamples(samples, { name, labels: { cache } });
    const missed = sumSamples(samples, { name, labels: { cache, result: "miss" } });
    if (asked < LEAST_ASKED) {
      log.skip(check, { subject: cache, detail: `${asked} questions so far say nothing` });
      continue;
    }
    const detail = `${Math.round((1 - missed / asked) * 100)} % of ${asked} questions were known`;
    if (1 - missed / asked >= LEAST_HITS) log.pass(check, { subject: cache, detail });
    else {
      log.warn(check, {
        subject: cache,
        detail,
        remedy:
          "Tokens that are used once or twice cost their signature each time: have clients keep them, or plan for the CPU.",
      });
    }
  }
}

const LOSSES = [
  { name: "countersign_audit_events_total", labels: { result: "dropped" }, what: "audit events were lost" },
  { name: "countersign_load_shed_total", labels: {}, what: "requests were refused for want of capacity" },
] as const;

function examineLosses(samples: readonly MetricSample[], log: DoctorLog): void {
  const check = "running.losses";
  for (const { name, labels, what } of LOSSES) {
    const count = sumSamples(samples, { name, labels });
    if (count === 0) continue;
    log.warn(check, {
      detail: `${count} ${what} since the start`,
      remedy: `Look at ${name} over time and at the log: an output or the CPU is too small.`,
    });
  }
  if (!log.has(check, "warning")) log.pass(check, { detail: "nothing was lost since the start" });
}
