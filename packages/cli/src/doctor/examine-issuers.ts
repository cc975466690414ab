import type { Configuration } from "@countersign/server";
import { isRemoteIssuer, nameIssuer } from "@countersign/server";
import { inspectKeys } from "../issuer/inspect-keys.ts";
import { probeIssuer } from "../issuer/probe-issuer.ts";
import type { ProbeStep } from "../issuer/probe-step.ts";
import { ProbeLog } from "../issuer/probe-step.ts";
import type { DoctorCheckName } from "./doctor-check.ts";
import type { DoctorLog } from "./doctor-log.ts";
import type { DoctorPatient } from "./doctor-patient.ts";

type Issuer = Configuration["issuers"][number];

/** Issuers that are probed at the same time. */
const CONCURRENT = 8;

/** Asks every issuer as `countersign issuer check` does, and looks at keys that the configuration holds. */
export async function examineIssuers(patient: DoctorPatient, log: DoctorLog): Promise<void> {
  const { issuers } = patient.configuration;
  for (let first = 0; first < issuers.length; first += CONCURRENT) {
    const some = issuers.slice(first, first + CONCURRENT);
    const told = await Promise.all(some.map((issuer) => lookAt(issuer, patient)));
    for (const tell of told) tell(log);
  }
}

type Tell = (log: DoctorLog) => void;

async function lookAt(issuer: Issuer, patient: DoctorPatient): Promise<Tell> {
  if (isRemoteIssuer(issuer)) return probeRemote(issuer, patient);
  if ("jwks" in issuer.keys) return inspectConfigured(issuer);
  return (log) =>
    log.skip("issuers.keys", { subject: nameIssuer(issuer), detail: "no keys to be looked at" });
}

async function probeRemote(issuer: Issuer, { timeoutMs }: DoctorPatient): Promise<Tell> {
  const probe = new ProbeLog(() => undefined);
  const { keys } = issuer;
  const jwksUri = "jwksUri" in keys ? new URL(keys.jwksUri) : undefined;
  const startedMs = performance.now();
  await probeIssuer(new URL(issuer.issuer), { log: probe, timeoutMs, issuerText: issuer.issuer, jwksUri });
  const durationMs = Math.round(performance.now() - startedMs);
  return (log) => tellProbe({ issuer, probe, durationMs }, log);
}

interface ProbedIssuer {
  readonly issuer: Issuer;
  readonly probe: ProbeLog;
  readonly durationMs: number;
}

/** Which check a step of the probe belongs to. */
function findCheck({ name, detail }: ProbeStep): DoctorCheckName {
  switch (name) {
    case "tls":
      return detail.startsWith("the handshake failed") ? "issuers.reachable" : "issuers.certificate";
    case "key":
    case "keys":
    case "ready":
      return "issuers.keys";
    case "caching":
      return "issuers.caching";
    case "clock":
      return "machine.clock";
    default:
      return "issuers.reachable";
  }
}

function tellProbe({ issuer, probe, durationMs }: ProbedIssuer, log: DoctorLog): void {
  const subject = nameIssuer(issuer);
  const told = new Set<DoctorCheckName>();
  for (const step of probe.steps) {
    // What was not published need not be; keys for something else are no fault; development needs plain http.
    if (step.outcome !== "failed" && step.outcome !== "warning") continue;
    const check = findCheck(step);
    told.add(check);
    const fault = probe.unreachable && check === "issuers.reachable" ? "unreachable" : "wrong";
    const remedy = step.remedy ?? "Run `countersign issuer check` to see each step.";
    const complaint = { subject, detail: `${step.target}: ${step.detail}`, remedy, fault } as const;
    if (step.outcome === "failed") log.fail(check, complaint);
    else log.warn(check, complaint);
  }
  const pass = (check: DoctorCheckName, detail: string | undefined): void => {
    if (!told.has(check) && detail !== undefined) log.pass(check, { subject, detail });
  };
  const find = (name: string): ProbeStep | undefined =>
    probe.steps.findLast((step) => step.name === name && step.outcome === "passed");
  if (find("ready") !== undefined)
    pass("issuers.reachable", `the engine had its keys after ${durationMs} ms in all`);
  pass("issuers.certificate", find("tls")?.detail);
  pass("issuers.keys", find("keys")?.detail);
  pass("issuers.caching", find("caching")?.detail);
  pass("machine.clock", find("clock")?.detail);
  if (find("keys") !== undefined) tellAlgorithms(issuer, { steps: probe.steps, log });
}

function tellAlgorithms(
  issuer: Issuer,
  { steps, log }: { readonly steps: readonly ProbeStep[]; readonly log: DoctorLog },
): void {
  const verified = steps
    .filter(({ name, outcome }) => name === "key" && outcome === "passed")
    .flatMap(({ detail }) => detail.split(" verifies ")[1]?.split(", ") ?? []);
  judgeAlgorithms(issuer, { verified, log });
}

const DEFAULT_ALGORITHMS = ["RS256", "PS256", "ES256", "Ed25519"];

function judgeAlgorithms(
  issuer: Issuer,
  { verified, log }: { readonly verified: readonly string[]; readonly log: DoctorLog },
): void {
  const check = "issuers.algorithms";
  const subject = nameIssuer(issuer);
  const allowed: readonly string[] = issuer.algorithms ?? DEFAULT_ALGORITHMS;
  const usable = allowed.filter((name) => verified.includes(name));
  if (usable.length > 0) {
    log.pass(check, { subject, detail: `its keys verify ${usable.join(", ")}` });
    return;
  }
  log.fail(check, {
    subject,
    detail: `its keys verify ${[...new Set(verified)].join(", ")}, and allowed is ${allowed.join(", ")}`,
    remedy: "Allow under `algorithms` what the issuer signs with.",
  });
}

async function inspectConfigured(issuer: Issuer): Promise<Tell> {
  const subject = nameIssuer(issuer);
  const { keys = [] } =
    "jwks" in issuer.keys ? (issuer.keys.jwks as { readonly keys?: readonly unknown[] }) : {};
  const reports = await inspectKeys(keys);
  return (log) => {
    const refused = reports.filter(({ problem, ignored }) => problem !== undefined && !ignored);
    for (const { label, problem } of refused) {
      log.fail("issuers.keys", {
        subject,
        detail: `${label} is refused: ${problem}`,
        remedy: "Remove the key, or have the issuer make a better one.",
      });
    }
    const usable = reports.filter((report) => report.usable.length > 0);
    if (refused.length === 0) {
      log.pass("issuers.keys", {
        subject,
        detail: `${usable.length} of ${reports.length} in the configuration can verify`,
      });
    }
    log.warn("issuers.keys", {
      subject,
      detail: "its keys stand in the configuration: a rotation of the issuer is an outage here",
      remedy: "Write `keys: { discovery: true }` or `{ jwksUri }`.",
    });
    judgeAlgorithms(issuer, { verified: usable.flatMap((report) => report.usable), log });
  };
}
