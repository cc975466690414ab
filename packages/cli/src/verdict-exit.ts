import type { Verdict } from "countersign";
import type { ExitCode } from "./exit-code.ts";
import { EXIT } from "./exit-code.ts";

/** Exit code of one verdict: a system fault is never told as a rejection. */
export function judgeVerdict(verdict: Verdict): ExitCode {
  if (verdict.ok) return EXIT.ok;
  return verdict.fault === "system" ? EXIT.unavailable : EXIT.negative;
}
