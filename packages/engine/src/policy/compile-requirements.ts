/** From requirements as written to what judges requests: names resolved, expressions compiled, every problem found. */

import { checkRequirement } from "./check-requirement.ts";
import type { Condition } from "./condition.ts";
import { createConditions } from "./condition.ts";
import type { PolicyInput } from "./policy-input.ts";
import type { PolicyOutcome, PolicyUndecided } from "./policy-outcome.ts";
import { combineAll, combineAny, MET } from "./policy-outcome.ts";
import type { NamedRequirements, Requirement, RequirementObject, RequirementProblem } from "./requirement.ts";

/** A requirement that requests can be judged by. */
export interface CompiledRequirement {
  /** Undefined where everything in it is in shadow: then nothing is enforced. Never throws. */
  readonly judge: Condition | undefined;
  /** What is judged and told only. */
  readonly shadows: readonly ShadowRequirement[];
  /** The scopes that a client should ask for: of alternatives those of the first. */
  readonly scopes: readonly string[];
}

export interface ShadowRequirement {
  /** The named set that it stands in, else what `place` said. */
  readonly policy: string;
  readonly judge: Condition;
}

export interface RequirementPlace {
  /** Where problems are told to be, such as "routes[2].require". */
  readonly path: string;
  /** Name of what stands here, for `ShadowRequirement.policy`. */
  readonly policy: string;
}

export interface RequirementCompiler {
  /** Compiles what stands at a place. After problems the result refuses everything. */
  compile(requirement: Requirement, place: RequirementPlace): CompiledRequirement;
  /** What was wrong so far; every named set is compiled at once, used or not. */
  readonly problems: readonly RequirementProblem[];
}

/** Most conditions that one request is judged by, with named sets counted wherever they are used. */
export const MAX_CONDITIONS = 256;
/** Deepest nesting of `all` and `any`, through names as well. */
const MAX_DEPTH = 16;

const REFUSE_ALL: Condition = () => ({
  kind: "undecided",
  reason: "policy_unavailable",
  expected: "a requirement without problems",
});

interface Compiled extends CompiledRequirement {
  readonly size: number;
  /** Of `all` and `any`, and of names. */
  readonly depth: number;
}

const BROKEN: Compiled = { judge: REFUSE_ALL, shadows: [], scopes: [], size: 1, depth: 1 };

/** Gives true or false; undefined where the expression failed or gave something else. Never throws. */
export type ExpressionCondition = (input: PolicyInput) => boolean | undefined;

export type ExpressionCompilation =
  | { readonly ok: true; readonly condition: ExpressionCondition }
  /** `problem` quotes the expression, which is configuration. */
  | { readonly ok: false; readonly problem: string };

export interface CompilerOptions {
  /** The aliases that `issuers` of a requirement may name. Default any: a wrong one admits nobody. */
  readonly issuers?: readonly string[];
  /** For `cel`. Default none: then a requirement with an expression is a problem. */
  readonly compileExpression?: (expression: string) => ExpressionCompilation;
}

/** Compiles every named set at once; then what stands at each place, by `compile`. */
export function createRequirementCompiler(
  named: NamedRequirements,
  options: CompilerOptions,
): RequirementCompiler {
  const core = new Compiler(named, options);
  for (const name of Object.keys(named))
    core.compileName(name, { path: `requirements.${name}`, policy: name });
  return core;
}

class Compiler implements RequirementCompiler {
  readonly problems: RequirementProblem[] = [];
  readonly #named: NamedRequirements;
  readonly #issuers: readonly string[] | undefined;
  readonly #compileExpression: (expression: string) => ExpressionCompilation;
  readonly #compiled = new Map<string, Compiled>();
  /** Names whose compilation has begun and not ended: one of these again is a cycle. */
  readonly #open: string[] = [];

  constructor(named: NamedRequirements, { issuers, compileExpression = refuseExpression }: CompilerOptions) {
    this.#named = named;
    this.#issuers = issuers;
    this.#compileExpression = compileExpression;
  }

  compile(requirement: Requirement, place: RequirementPlace): Compiled {
    if (typeof requirement === "string") return this.compileName(requirement, place);
    const before = this.problems.length;
    this.problems.push(...checkRequirement(requirement, { path: place.path, issuers: this.#issuers }));
    // With a problem of its own it is not compiled, but the parts are still looked at for theirs.
    const isBroken = this.problems.length > before;
    const parts = this.#compileMembers(requirement, { ...place, isBroken });
    const whole = joinAll(parts);
    if (whole.size > MAX_CONDITIONS) {
      this.#refuse(place.path, `${whole.size} conditions, more than ${MAX_CONDITIONS}`, "Ask for less.");
    }
    if (whole.depth > MAX_DEPTH) {
      this.#refuse(place.path, `nested more than ${MAX_DEPTH} deep`, "Write it with less nesting.");
    }
    if (this.problems.length > before) return BROKEN;
    return requirement.shadow === true ? intoShadow(whole, place.policy) : whole;
  }

  compileName(name: string, place: RequirementPlace): Compiled {
    const known = this.#compiled.get(name);
    if (known !== undefined) return known;
    if (this.#open.includes(name)) {
      const circle = [...this.#open.slice(this.#open.indexOf(name)), name].join(" -> ");
      this.#refuse(place.path, `a circle of requirements: ${circle}`, "Let no set lead back to itself.");
      return BROKEN;
    }
    const requirement = Object.hasOwn(this.#named, name) ? this.#named[name] : undefined;
    if (requirement === undefined) {
      const names = Object.keys(this.#named).join(", ") || "none";
      this.#refuse(place.path, `no requirement is named ${JSON.stringify(name)}`, `Named are: ${names}.`);
      return BROKEN;
    }
    this.#open.push(name);
    const compiled = this.compile(requirement, { path: `requirements.${name}`, policy: name });
    this.#open.pop();
    this.#compiled.set(name, compiled);
    return compiled;
  }

  #compileMembers(
    requirement: RequirementObject,
    { path, policy, isBroken }: RequirementPlace & { readonly isBroken: boolean },
  ): readonly Compiled[] {
    const own = isBroken ? [BROKEN] : createConditions(requirement).map(single);
    const scopes = [...(requirement.scopes?.all ?? []), ...(requirement.scopes?.any?.slice(0, 1) ?? [])];
    const all = (requirement.all ?? []).map((item, index) =>
      this.compile(item, { path: `${path}.all[${index}]`, policy }),
    );
    const any = (requirement.any ?? []).map((item, index) =>
      this.compile(item, { path: `${path}.any[${index}]`, policy }),
    );
    const cel = requirement.cel === undefined ? [] : [this.#compileCondition(requirement.cel, `${path}.cel`)];
    return [
      { judge: undefined, shadows: [], scopes, size: 0, depth: 0 },
      ...own,
      ...all,
      ...(any.length === 0 ? [] : [joinAny(any)]),
      ...cel,
    ];
  }

  #compileCondition(expression: string, path: string): Compiled {
    const compilation = this.#compileExpression(expression);
    if (!compilation.ok) {
      this.#refuse(path, compilation.problem, "See the guide: policy, expressions.");
      return BROKEN;
    }
    const { condition } = compilation;
    const unmet: PolicyOutcome = {
      kind: "unmet",
      reason: "policy_denied",
      expected: `the expression of ${path} to be true`,
    };
    const undecided: PolicyUndecided = {
      kind: "undecided",
      reason: "policy_unavailable",
      expected: `the expression of ${path} to give true or false`,
    };
    return single((input) => {
      const result = condition(input);
      return result === undefined ? undecided : result ? MET : unmet;
    });
  }

  #refuse(path: string, problem: string, remedy: string): void {
    this.problems.push({ path, problem, remedy });
  }
}

function refuseExpression(): ExpressionCompilation {
  return { ok: false, problem: "an expression where nothing compiles expressions" };
}

function single(judge: Condition): Compiled {
  return { judge, shadows: [], scopes: [], size: 1, depth: 0 };
}

/** What is in shadow is left out. Where all is, nothing is enforced: it neither refuses nor, inside an `any`, lets in. */
function joinAll(parts: readonly Compiled[]): Compiled {
  const judges = parts.flatMap(({ judge }) => judge ?? []);
  const [only] = judges;
  const judge =
    judges.length > 1 ? (input: PolicyInput) => combineAll(judges.map((each) => each(input))) : only;
  return { ...join(parts), judge, scopes: [...new Set(parts.flatMap(({ scopes }) => scopes))] };
}

function joinAny(parts: readonly Compiled[]): Compiled {
  const enforced = parts.filter(({ judge }) => judge !== undefined);
  const judges = enforced.flatMap(({ judge }) => judge ?? []);
  const judge =
    judges.length === 0 ? undefined : (input: PolicyInput) => combineAny(judges.map((each) => each(input)));
  return { ...join(parts), judge, scopes: enforced[0]?.scopes ?? [] };
}

function join(parts: readonly Compiled[]): Pick<Compiled, "shadows" | "size" | "depth"> {
  return {
    shadows: parts.flatMap(({ shadows }) => shadows),
    size: parts.reduce((sum, { size }) => sum + size, 0),
    depth: 1 + Math.max(0, ...parts.map(({ depth }) => depth)),
  };
}

function intoShadow(whole: Compiled, policy: string): Compiled {
  const { judge, shadows } = whole;
  return {
    ...whole,
    judge: undefined,
    scopes: [],
    shadows: judge === undefined ? shadows : [{ policy, judge }, ...shadows],
  };
}
