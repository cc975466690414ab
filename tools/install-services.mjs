#!/usr/bin/env node
// Installs the system programs that end-to-end tests drive, on Debian and its kin. Runs in CI only: on a
// person's machine the tests of a program that is not there are skipped and listed. Safe to run again.

import { spawnSync } from "node:child_process";

/** Program looked for on the PATH, and the Debian package that brings it. */
const SERVICES = [{ program: "nginx", debianPackage: "nginx" }];

/** Debian keeps daemons in sbin, which is not on every PATH. */
const PATH = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;

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

const missing = SERVICES.filter((service) => !isThere(service));
if (missing.length > 0) {
  const packages = missing.map(({ debianPackage }) => debianPackage);
  process.stderr.write(`countersign: installing ${packages.join(", ")} for the end-to-end tests\n`);
  const installed =
    run(["apt-get", "update", "-q"]) &&
    run(["apt-get", "install", "-q", "-y", "--no-install-recommends", ...packages]);
  const absent = SERVICES.filter((service) => !isThere(service));
  if (!installed || absent.length > 0) {
    process.stderr.write(`countersign: still missing: ${absent.map(({ program }) => program).join(", ")}\n`);
    process.exitCode = 1;
  }
}
