/** Which core runs what: servers on the first, whoever asks them on the second. */

import { availableParallelism } from "node:os";
import { findProgram } from "./find-program.ts";

/** "both" leaves the choice to the system, among the two. */
export type Place = "server" | "load" | "both";

const CORES: Readonly<Record<Place, string>> = { server: "0", load: "1", both: "0,1" };

/** The command, held to its core where there are two and a program that can. */
export function pinCommand(command: readonly string[], place: Place): readonly string[] {
  const taskset = findProgram("taskset");
  if (taskset === undefined || availableParallelism() < 2) return command;
  return [taskset, "-c", CORES[place], ...command];
}
