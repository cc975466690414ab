#!/usr/bin/env node
// Installs the system programs that end-to-end tests drive, on Debian and its kin. Runs in CI only: on a
// person's machine the tests of a program that is not there are skipped and listed. Safe to run again.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { hasPip, installWheels, listMissingWheels } from "./install-wheels.mjs";

/** Program looked for on the PATH, the Debian package that brings it, and the service that comes along. */
const SERVICES = [
  { program: "nginx", debianPackage: "nginx", unit: "nginx.service" },
  { program: "caddy", debianPackage: "caddy", unit: "caddy.service" },
  { program: "haproxy", debianPackage: "haproxy", unit: "haproxy.service" },
  // The server without Debian's own site and service.
  { program: "apache2", debianPackage: "apache2-bin" },
  { program: "redis-server", debianPackage: "redis-server", unit: "redis-server.service" },
  { program: "prometheus", debianPackage: "prometheus", unit: "prometheus.service" },
  {
    program: "prometheus-alertmanager",
    debianPackage: "prometheus-alertmanager",
    unit: "prometheus-alertmanager.service",
  },
  // A token of PKCS #11; its module comes along.
  { program: "softhsm2-util", debianPackage: "softhsm2" },
  // Its binding for Node compiles itself when npm installs it, with these and Python.
  { program: "g++", debianPackage: "g++" },
  { program: "make", debianPackage: "make" },
  { program: "python3", debianPackage: "python3" },
  // Only its analyzer runs.
  { program: "systemd-analyze", debianPackage: "systemd" },
];

/** Debian keeps daemons in sbin, which is not on every PATH. */
const PATH = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;

/** Asked by Debian's packages before they start what they bring; 101 says no. */
const START_POLICY = "/usr/sbin/policy-rc.d";

function isThere({ program }) {
  return spawnSync("sh", ["-c", `command -v ${program}`], { env: { ...process.env, PATH } }).status === 0;
}

function run(command) {
  const asRoot = process.getuid?.() === 0 ? command : ["sudo", "-n", ...command];
  const env = { ...process.env, PATH, DEBIAN_FRONTEND: "noninteractive" };
  const result = spawnSync(asRoot[0], asRoot.slice(1), {
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (result.status === 0) return true;
  process.stderr.write(`${asRoot.join(" ")} failed: ${result.error?.message ?? result.stderr}\n`);
  return false;
}

function installPackages(packages) {
  return (
    run(["apt-get", "update", "-q"]) &&
    run(["apt-get", "install", "-q", "-y", "--no-install-recommends", ...packages])
  );
}

function forbidStarting() {
  const folder = mkdtempSync(path.join(tmpdir(), "countersign-services-"));
  const policy = path.join(folder, "policy");
  writeFileSync(policy, "#!/bin/sh\nexit 101\n");
  try {
    return run(["install", "-m", "755", policy, START_POLICY]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The tests start their own: a service of the same program would only sit on its ports, now or after a reboot. */
function installWithoutStarting(services, packages) {
  const bringsPolicy = !existsSync(START_POLICY);
  if (bringsPolicy && !forbidStarting()) return false;
  try {
    if (!installPackages(packages)) return false;
  } finally {
    if (bringsPolicy) run(["rm", "-f", START_POLICY]);
  }
  const units = services.flatMap(({ unit }) => unit ?? []);
  const hasSystemd = isThere({ program: "systemctl" });
  return units.length === 0 || !hasSystemd || run(["systemctl", "--quiet", "disable", ...units]);
}

const missing = SERVICES.filter((service) => !isThere(service));
const missingWheels = listMissingWheels();
const needsPip = missingWheels.length > 0 && !hasPip();
const absent = [];

if (missing.length > 0 || needsPip) {
  const packages = missing.map(({ debianPackage }) => debianPackage).concat(needsPip ? ["python3-pip"] : []);
  process.stderr.write(`countersign: installing ${packages.join(", ")} for the end-to-end tests\n`);
  if (!installWithoutStarting(missing, packages)) process.exitCode = 1;
  absent.push(...missing.filter((service) => !isThere(service)).map(({ program }) => program));
}
if (missingWheels.length > 0) {
  process.stderr.write(`countersign: installing ${missingWheels.join(", ")} for the end-to-end tests\n`);
  absent.push(...installWheels());
}
if (absent.length > 0) {
  process.stderr.write(`countersign: still missing: ${absent.join(", ")}\n`);
  process.exitCode = 1;
}
