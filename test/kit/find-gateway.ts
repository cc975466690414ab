/** Where the gateways of the end-to-end tests are, and what happens to a test whose gateway is not here. */

import { accessSync, constants } from "node:fs";
import { fileURLToPath } from "node:url";
import { findProgram } from "./find-program.ts";

/** A program that `tools/install-services.mjs` installs. */
export type GatewayProgram =
  | "apache2"
  | "caddy"
  | "envoy"
  | "hadolint"
  | "haproxy"
  | "systemd-analyze"
  | "traefik";

/** Programs that came as wheels; they are found here first, since their versions are pinned. */
const FOLDER = new URL("../../.cache/programs/bin/", import.meta.url);

/** The path of an installed gateway, or undefined. */
export function findGateway(name: GatewayProgram): string | undefined {
  const pinned = fileURLToPath(new URL(name, FOLDER));
  try {
    accessSync(pinned, constants.X_OK);
    return pinned;
  } catch {
    return findProgram(name);
  }
}

/**
 * Why a test of this gateway cannot run, for `skip`; false where it can. Says so aloud. In CI nothing is
 * skipped: there the gateway does not start, and the test fails. (It would not help to throw here: a runner
 * without isolation takes a file that throws while it loads for one that has ended.)
 */
export function skipWithoutGateway(name: GatewayProgram): string | false {
  if (findGateway(name) !== undefined || process.env["CI"] === "true") return false;
  const problem = `${name} is not installed`;
  process.stderr.write(
    `SKIPPED: ${problem}, so the tests that need it do not run here; \`node tools/install-services.mjs\` brings it\n`,
  );
  return problem;
}
