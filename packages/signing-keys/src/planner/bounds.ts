import { type RotationTiming, TIMING_TERMS, type TimingTerm } from "./timing.ts";

/** One number of a bound, where it comes from, and why it counts. */
export interface BoundTerm {
  readonly symbol: string;
  readonly name: keyof RotationTiming;
  /** What counts: the longest of what is configured, was configured of late, and was measured. */
  readonly seconds: number;
  readonly factor: number;
  readonly source: "configured" | "former" | "measured";
  readonly configuredSeconds: number;
  readonly reason: string;
}

export interface Bound {
  readonly symbol: "G" | "H";
  readonly formula: string;
  readonly ms: number;
  readonly terms: readonly BoundTerm[];
}

export interface RotationBounds {
  /** G: from publishing a key until it may sign. */
  readonly promote: Bound;
  /** H: from the last signature that was asked of a key until it may leave the JWKS. */
  readonly remove: Bound;
}

export interface TimingEvidence {
  /** What was configured before, while what was made under it may still be about. */
  readonly former?: Partial<RotationTiming> | undefined;
  /** What was seen in operation. It lengthens a bound, and never shortens one. */
  readonly measured?: Partial<RotationTiming> | undefined;
}

/** The two waits of a rotation. Sufficient and tight under what `RotationTiming` says; see the simulation in the tests. */
export function computeBounds(timing: RotationTiming, evidence: TimingEvidence = {}): RotationBounds {
  return { promote: addUp("G", timing, evidence), remove: addUp("H", timing, evidence) };
}

function addUp(symbol: "G" | "H", timing: RotationTiming, evidence: TimingEvidence): Bound {
  const terms = TIMING_TERMS.filter(({ bound }) => bound === symbol).map((term) =>
    chooseSeconds(term, timing, evidence),
  );
  const seconds = terms.reduce((sum, term) => sum + term.factor * term.seconds, 0);
  const formula = terms.map(({ factor, symbol: name }) => (factor === 1 ? name : `${factor}${name}`));
  // Rounded up past what binary fractions of seconds add.
  return { symbol, formula: formula.join(" + "), ms: Math.ceil(seconds * 1000 - 1e-6), terms };
}

function chooseSeconds(
  { name, symbol, factor, reason }: TimingTerm,
  timing: RotationTiming,
  { former, measured }: TimingEvidence,
): BoundTerm {
  const configuredSeconds = timing[name];
  let [seconds, source]: [number, BoundTerm["source"]] = [configuredSeconds, "configured"];
  if ((former?.[name] ?? 0) > seconds) [seconds, source] = [former?.[name] ?? 0, "former"];
  if ((measured?.[name] ?? 0) > seconds) [seconds, source] = [measured?.[name] ?? 0, "measured"];
  return { symbol, name, seconds, factor, source, configuredSeconds, reason };
}
