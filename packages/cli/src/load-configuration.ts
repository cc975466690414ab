import { loadConfiguration, toValidatorOptions } from "@countersign/server";
import type { ValidatorOptions } from "countersign";

/** The engine's part of a configuration file. @throws ConfigurationError */
export async function loadValidatorOptions(path: string): Promise<ValidatorOptions> {
  return toValidatorOptions(await loadConfiguration(path));
}
