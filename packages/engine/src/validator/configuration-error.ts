/** One thing that is wrong with a configuration. */
export interface ConfigurationProblem {
  /** Where, such as "issuers[0].audiences". */
  readonly path: string;
  /** What was expected and what was found; never a secret's value. */
  readonly problem: string;
  /** What to write instead. */
  readonly remedy: string;
}

/** Thrown where a configuration is refused. Holds every problem at once; `path`, `problem`, `remedy` are the first's. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly problems: readonly ConfigurationProblem[];
  readonly path: string;
  readonly problem: string;
  readonly remedy: string;

  constructor(problems: readonly [ConfigurationProblem, ...ConfigurationProblem[]]) {
    super(problems.map(({ path, problem, remedy }) => `${path}: ${problem}. ${remedy}`).join("\n"));
    this.problems = Object.freeze([...problems]);
    ({ path: this.path, problem: this.problem, remedy: this.remedy } = problems[0]);
  }
}
