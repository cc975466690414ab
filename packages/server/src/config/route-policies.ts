/** What each route asks of tokens, compiled. */

import type { IssuerOptions } from "countersign";
import type {
  CompiledRequirement,
  NamedRequirements,
  Requirement,
  RequirementProblem,
} from "countersign/policy";
import { createRequirementCompiler } from "countersign/policy";
import { compileCel } from "../policy/cel-expression.ts";
import type { RouteConfiguration } from "./configuration.ts";
import { nameIssuer } from "./issuer-alias.ts";

export interface RoutePolicy {
  /** Name in metrics and events: "routes[2]". */
  readonly name: string;
  readonly requirement: CompiledRequirement;
  /** True where an anonymous route is watched as if it asked for a token: nothing of it is enforced. */
  readonly watchesToken: boolean;
}

export interface RoutePolicies {
  /** In the order of the routes. */
  readonly policies: readonly RoutePolicy[];
  /** With at least one, nothing of this may be used. */
  readonly problems: readonly RequirementProblem[];
}

const NOTHING: CompiledRequirement = Object.freeze({ judge: undefined, shadows: [], scopes: [] });

/** Compiles the requirements of all routes, and every named set. */
export function compileRoutePolicies(setup: {
  readonly routes: readonly RouteConfiguration[];
  readonly requirements: NamedRequirements;
  readonly issuers: readonly Pick<IssuerOptions, "name" | "issuer">[];
}): RoutePolicies {
  const compiler = createRequirementCompiler(setup.requirements, {
    issuers: setup.issuers.map(nameKnownIssuer),
    compileExpression: compileCel,
  });
  const policies = setup.routes.map((route, index): RoutePolicy => {
    const name = `routes[${index}]`;
    const asked = listRequirements(route);
    const watchesToken = route.allow === "anonymous" && route.shadow === true;
    if (asked.length === 0) return { name, requirement: NOTHING, watchesToken };
    const whole = { all: asked, ...(route.shadow === true && !watchesToken && { shadow: true }) };
    return { name, requirement: compiler.compile(whole, { path: name, policy: name }), watchesToken };
  });
  return { policies, problems: compiler.problems.map(nameMember) };
}

function listRequirements({ scopes, require }: RouteConfiguration): readonly Requirement[] {
  return [
    ...(scopes === undefined ? [] : [{ scopes: { all: scopes } }]),
    ...(require === undefined ? [] : [require]),
  ];
}

/** `require` is the last of what a route asks: "routes[2].all[1].cel" is "routes[2].require.cel" in the file. */
function nameMember(problem: RequirementProblem): RequirementProblem {
  return { ...problem, path: problem.path.replace(/^(routes\[\d+\])\.all\[\d+\]/, "$1.require") };
}

/** What has no alias is the library's to refuse. */
function nameKnownIssuer(issuer: Pick<IssuerOptions, "name" | "issuer">): string {
  return issuer.name === undefined && !URL.canParse(issuer.issuer) ? "" : nameIssuer(issuer);
}
