import { describeKind } from "../token/describe-kind.ts";
import type { ConfigurationProblem } from "./configuration-error.ts";

/** A place in a configuration. Whatever is wrong anywhere is collected, so that all of it is told at once. */
export class Place {
  /** Such as "issuers[0].keys"; empty for the whole. */
  readonly path: string;
  /** Of the whole configuration. */
  readonly problems: ConfigurationProblem[];

  constructor(path: string = "", problems: ConfigurationProblem[] = []) {
    this.path = path;
    this.problems = problems;
  }

  /** The place of a member or an element. */
  at(member: string | number): Place {
    const { path } = this;
    const step = typeof member === "number" ? `[${member}]` : path === "" ? member : `.${member}`;
    return new Place(path + step, this.problems);
  }

  /** Adds a problem. */
  refuse(problem: string, remedy: string): undefined {
    this.problems.push(Object.freeze({ path: this.path, problem, remedy }));
  }

  /** Adds a problem that says what was found; text is not shown, since it may be a secret. */
  expect(expected: string, found: unknown, remedy: string): undefined {
    const isShown = typeof found === "number" || typeof found === "boolean";
    return this.refuse(`expected ${expected}, found ${isShown ? found : describeKind(found)}`, remedy);
  }
}
