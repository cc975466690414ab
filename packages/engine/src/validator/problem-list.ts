import { ConfigurationError, type ConfigurationProblem } from "./configuration-error.ts";

/** Collects what is wrong with a configuration, so that all of it is told at once. */
export class ProblemList {
  readonly #problems: ConfigurationProblem[] = [];

  add(path: string, problem: string, remedy: string): void {
    this.#problems.push(Object.freeze({ path, problem, remedy }));
  }

  addAll(problems: readonly ConfigurationProblem[]): void {
    this.#problems.push(...problems);
  }

  get size(): number {
    return this.#problems.length;
  }

  /** @throws ConfigurationError where there is any problem. */
  throwIfAny(): void {
    const [first, ...rest] = this.#problems;
    if (first !== undefined) throw new ConfigurationError([first, ...rest]);
  }
}

/** What a value is, for messages; text is not shown, since it may be a secret. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  if (typeof value === "string") return value === "" ? "an empty string" : "a string";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Whether a value is an object with members, and not an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Adds a problem for each member that no option has: a misspelled option must not be a silent opt-out. */
export function refuseUnknown(
  options: Readonly<Record<string, unknown>>,
  known: readonly string[],
  place: { readonly path: string; readonly problems: ProblemList },
): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const path = place.path === "" ? name : `${place.path}.${name}`;
    place.problems.add(path, "is no option", `Use one of ${known.join(", ")}`);
  }
}

/** The number, or undefined with a problem added. Bounds are inclusive. */
export function checkNumber(
  value: unknown,
  rule: { readonly path: string; readonly min: number; readonly max: number; readonly unit: string },
  problems: ProblemList,
): number | undefined {
  if (typeof value === "number" && value >= rule.min && value <= rule.max) return value;
  problems.add(
    rule.path,
    `expected ${rule.unit} from ${rule.min} to ${rule.max}, found ${describeValue(value)}`,
    `Give a number of ${rule.unit} within these bounds`,
  );
  return undefined;
}
