import { dirname, resolve } from "node:path";
import type { AcceptedFinding, ConfigurationFinding, RouteTableRow } from "@countersign/server";
import { checkConfiguration, readConfigurationFile } from "@countersign/server";
import type { ConfigurationProblem } from "countersign";
import { ConfigurationError } from "countersign";

/** What is told of a configuration file; the configuration itself is not part of it, since it holds secrets. */
export interface ConfigurationFileReport {
  readonly problems: readonly ConfigurationProblem[];
  readonly findings: readonly ConfigurationFinding[];
  /** Findings that the file accepts, with the reason that it gives. */
  readonly accepted: readonly AcceptedFinding[];
  readonly routes: readonly RouteTableRow[];
}

/** Checks a file with this process's environment. A file that cannot be read is a problem like others. */
export async function checkConfigurationFile(path: string): Promise<ConfigurationFileReport> {
  try {
    const text = await readConfigurationFile(path);
    const { problems, findings, accepted, routes } = checkConfiguration(text, {
      env: process.env,
      baseDir: dirname(resolve(path)),
    });
    return { problems, findings, accepted, routes };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { problems: error.problems, findings: [], accepted: [], routes: [] };
  }
}
