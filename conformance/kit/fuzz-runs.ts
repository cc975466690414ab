/**
 * How many tokens a property tries: `usual` in `npm test`, or what `COUNTERSIGN_FUZZ_RUNS` says (1000000
 * takes minutes). The seed is printed by fast-check where a property fails.
 */
export function fuzzRuns(usual: number): number {
  const wanted = Number(process.env["COUNTERSIGN_FUZZ_RUNS"] ?? "");
  return Number.isSafeInteger(wanted) && wanted > 0 ? wanted : usual;
}
