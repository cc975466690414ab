import { constants } from "node:fs";
import { access } from "node:fs/promises";
import type { Configuration } from "@countersign/server";
import { listUpstreams } from "@countersign/server";
import { describeFileError } from "../file-error.ts";
import { openConnection } from "../issuer/open-connection.ts";
import { ProbeLog, ProbeStopped } from "../issuer/probe-step.ts";
import type { DoctorCheckName } from "./doctor-check.ts";
import type { DoctorLog } from "./doctor-log.ts";
import type { DoctorPatient } from "./doctor-patient.ts";

interface Destination {
  readonly check: Extract<DoctorCheckName, "dependencies.endpoints" | "dependencies.upstreams">;
  readonly subject: string;
  /** Absolute, or "unix:/path". */
  readonly url: string;
  readonly ca: string | undefined;
}

/** Connects, with TLS where the URL says so, to what the sidecar asks or forwards to. Nothing is sent. */
export async function examineConnections(
  { configuration, timeoutMs }: DoctorPatient,
  log: DoctorLog,
): Promise<void> {
  const destinations = listDestinations(configuration);
  for (const check of ["dependencies.endpoints", "dependencies.upstreams"] as const) {
    if (!destinations.some((each) => each.check === check))
      log.skip(check, { detail: "the configuration has none" });
  }
  for (const destination of destinations) await examineDestination(destination, { timeoutMs, log });
}

function listDestinations(configuration: Configuration): readonly Destination[] {
  const { introspection, exchanges, signals } = configuration;
  const endpoint = (
    subject: string,
    url: string,
    tls: { readonly ca?: string } | undefined,
  ): Destination => ({
    check: "dependencies.endpoints",
    subject,
    url,
    ca: tls?.ca,
  });
  return [
    ...introspection.map(({ alias, introspection: { endpoint: url, tls } }) =>
      endpoint(`introspection at ${alias}`, url, tls),
    ),
    ...Object.entries(exchanges).map(([name, { tokenEndpoint, tls }]) =>
      endpoint(`exchange ${name}`, tokenEndpoint, tls),
    ),
    ...(signals?.transmitters ?? []).flatMap(({ name, poll }) =>
      poll === undefined ? [] : [endpoint(`signals of ${name}`, poll.endpoint, poll.tls)],
    ),
    ...listUpstreams(configuration).map(({ path, url, tls }): Destination => {
      return { check: "dependencies.upstreams", subject: path, url, ca: tls?.ca };
    }),
  ];
}

async function examineDestination(
  { check, subject, url, ca }: Destination,
  { timeoutMs, log }: { readonly timeoutMs: number; readonly log: DoctorLog },
): Promise<void> {
  if (url.startsWith("unix:")) {
    await examineSocket({ check, subject, path: url.slice("unix:".length) }, log);
    return;
  }
  const probe = new ProbeLog(() => undefined);
  try {
    const socket = await openConnection(new URL(url), {
      target: subject,
      log: probe,
      timeoutMs,
      ...(ca !== undefined && { ca }),
    });
    socket.destroy();
  } catch (error) {
    if (!(error instanceof ProbeStopped)) throw error;
  }
  const poor = probe.steps.filter(({ outcome }) => outcome === "failed" || outcome === "warning");
  for (const { outcome, detail, remedy = "Look at the server's log." } of poor) {
    const fault = probe.unreachable ? "unreachable" : "wrong";
    if (outcome === "failed") log.fail(check, { subject, detail, remedy, fault });
    else log.warn(check, { subject, detail, remedy });
  }
  const last = probe.steps.at(-1);
  if (poor.length === 0 && last !== undefined) log.pass(check, { subject, detail: last.detail });
}

async function examineSocket(
  { check, subject, path }: Pick<Destination, "check" | "subject"> & { readonly path: string },
  log: DoctorLog,
): Promise<void> {
  try {
    await access(path, constants.W_OK);
    log.pass(check, { subject, detail: `${path} can be written by this user` });
  } catch (error) {
    log.fail(check, {
      subject,
      detail: `${path} cannot be written: ${describeFileError(error)}`,
      remedy: "Start the upstream, and let the sidecar's user write to its socket.",
      fault: "unreachable",
    });
  }
}
