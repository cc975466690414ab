/** Whether a single event is what a rule describes. */

import type { EventRule, Selection, SigmaValue } from "./sigma-rule.ts";

export type LogEvent = Readonly<Record<string, unknown>>;

/** @throws SyntaxError for modifiers and conditions that are not known here. */
export function matchesEvent(rule: EventRule, event: LogEvent): boolean {
  const { condition, ...selections } = rule.detection;
  const isMet = (name: string): boolean => {
    const selection = selections[name];
    if (selection === undefined || typeof selection === "string")
      throw new SyntaxError(`no selection ${name}`);
    const choices: readonly Selection[] = Array.isArray(selection) ? selection : [selection as Selection];
    return choices.some((choice) =>
      Object.entries(choice).every(([key, wanted]) => matchesField(key, wanted, event)),
    );
  };
  return new ConditionReader(condition, isMet).read();
}

function matchesField(key: string, wanted: Selection[string], event: LogEvent): boolean {
  const [field = "", modifier = "equals", ...others] = key.split("|");
  if (others.length > 0) throw new SyntaxError(`more than one modifier: ${key}`);
  const found = event[field];
  const values = Array.isArray(wanted) ? wanted : [wanted as SigmaValue];
  return values.some((value) => matchesValue(found, { modifier, value }));
}

function matchesValue(
  found: unknown,
  { modifier, value }: { readonly modifier: string; readonly value: SigmaValue },
): boolean {
  const text = String(found).toLowerCase();
  const wanted = String(value).toLowerCase();
  const isThere = found !== undefined;
  switch (modifier) {
    case "equals":
      return value === null ? !isThere : isThere && text === wanted;
    case "contains":
      return isThere && text.includes(wanted);
    case "startswith":
      return isThere && text.startsWith(wanted);
    case "gte":
      return typeof found === "number" && found >= Number(value);
    case "lt":
      return typeof found === "number" && found < Number(value);
    case "exists":
      return isThere === (value === true);
    default:
      throw new SyntaxError(`unknown modifier: ${modifier}`);
  }
}

/** `or` below `and` below `not` below names and parentheses. */
class ConditionReader {
  readonly #words: readonly string[];
  readonly #isMet: (name: string) => boolean;
  #next = 0;

  constructor(condition: string, isMet: (name: string) => boolean) {
    this.#words = condition.match(/\(|\)|[^\s()]+/g) ?? [];
    this.#isMet = isMet;
  }

  read(): boolean {
    const isMet = this.#readOr();
    if (this.#next < this.#words.length) throw new SyntaxError(`unexpected ${this.#words[this.#next]}`);
    return isMet;
  }

  #readOr(): boolean {
    let isMet = this.#readAnd();
    while (this.#take("or")) isMet = this.#readAnd() || isMet;
    return isMet;
  }

  #readAnd(): boolean {
    let isMet = this.#readNot();
    while (this.#take("and")) isMet = this.#readNot() && isMet;
    return isMet;
  }

  #readNot(): boolean {
    if (this.#take("not")) return !this.#readNot();
    if (this.#take("(")) {
      const isMet = this.#readOr();
      if (!this.#take(")")) throw new SyntaxError("expected )");
      return isMet;
    }
    const word = this.#words[this.#next++];
    if (word === undefined) throw new SyntaxError("expected a name");
    return this.#isMet(word);
  }

  #take(word: string): boolean {
    if (this.#words[this.#next] !== word) return false;
    this.#next += 1;
    return true;
  }
}
