import { dirname, resolve } from "node:path";
import { parseConfiguration, readConfigurationFile } from "@countersign/server";
import { ConfigurationError } from "countersign";
import { describeConfigurationError } from "../output/configuration-problems.ts";
import type { DoctorPatient } from "./doctor-patient.ts";

/** @throws CommandFailure exit 2 with every problem of the file, where it cannot be used. */
export async function openPatient(file: string, timeoutMs: number): Promise<DoctorPatient> {
  try {
    const text = await readConfigurationFile(file);
    const configuration = parseConfiguration(text, { env: process.env, baseDir: dirname(resolve(file)) });
    return { file, text, configuration, timeoutMs };
  } catch (error) {
    throw error instanceof ConfigurationError ? describeConfigurationError(error, file) : error;
  }
}
