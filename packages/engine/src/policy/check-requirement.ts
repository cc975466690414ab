/** What is wrong with a requirement's own members: nothing that could be met by everyone passes. */

import { parseClaimPath } from "../claims/claim-path.ts";
import type {
  ClaimRequirement,
  NameRequirement,
  RequirementObject,
  RequirementProblem,
} from "./requirement.ts";

const MAX_AGE_SECONDS = 31_536_000;
const LISTS = ["all", "any", "issuers", "audiences", "claims", "acr"] as const;

/** Problems of the object itself; those of what `all` and `any` hold are not among them. */
export function checkRequirement(
  requirement: RequirementObject,
  { path, issuers }: { readonly path: string; readonly issuers: readonly string[] | undefined },
): readonly RequirementProblem[] {
  const problems: RequirementProblem[] = [];
  if (Object.entries(requirement).every(([name, value]) => name === "shadow" || value === undefined)) {
    problems.push({ path, problem: "asks for nothing", remedy: "Write what must hold, or leave it out." });
  }
  for (const list of LISTS) {
    if (requirement[list]?.length === 0) problems.push(describeEmpty(`${path}.${list}`));
  }
  for (const [index, issuer] of (requirement.issuers ?? []).entries()) {
    if (issuers === undefined || issuers.includes(issuer)) continue;
    problems.push({
      path: `${path}.issuers[${index}]`,
      problem: `no issuer has the alias ${JSON.stringify(issuer)}`,
      remedy: `Aliases are: ${issuers.join(", ")}.`,
    });
  }
  problems.push(...checkNames(requirement.scopes, `${path}.scopes`));
  problems.push(...checkNames(requirement.roles, `${path}.roles`));
  problems.push(...checkNames(requirement.groups, `${path}.groups`));
  problems.push(...checkNames(requirement.permissions, `${path}.permissions`));
  for (const [index, claim] of (requirement.claims ?? []).entries()) {
    problems.push(...checkClaim(claim, `${path}.claims[${index}]`));
  }
  return [...problems, ...checkStepUp(requirement, path)];
}

function checkNames(names: NameRequirement | undefined, path: string): readonly RequirementProblem[] {
  if (names === undefined) return [];
  const lists = [names.any, names.all].filter((list) => list !== undefined);
  return lists.length === 0 || lists.some(({ length }) => length === 0) ? [describeEmpty(path)] : [];
}

function checkClaim(claim: ClaimRequirement, path: string): readonly RequirementProblem[] {
  const problems: RequirementProblem[] = [];
  if (parseClaimPath(claim.path) === undefined) {
    problems.push({
      path: `${path}.path`,
      problem: "no path of a claim",
      remedy: 'Write a JSON pointer ("/realm_access/roles"), names joined by dots, or one name with "://".',
    });
  }
  const tests = [claim.equals, claim.oneOf, claim.contains].filter((test) => test !== undefined);
  if (tests.length !== 1) {
    const remedy = "A claim that only has to be there is for `requiredClaims` of its issuer.";
    problems.push({ path, problem: "expected exactly one of equals, oneOf and contains", remedy });
  }
  if (claim.oneOf?.length === 0) problems.push(describeEmpty(`${path}.oneOf`));
  return problems;
}

function checkStepUp({ acr, maxAgeSeconds }: RequirementObject, path: string): readonly RequirementProblem[] {
  const problems: RequirementProblem[] = [];
  // A challenge lists the values with spaces between them, in quotes.
  if (acr?.some((value) => !/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(value)) === true) {
    const remedy = "Write each as printable ASCII without space, quote and backslash (RFC 9470 section 3).";
    problems.push({ path: `${path}.acr`, problem: "a value that a challenge cannot carry", remedy });
  }
  const isAge = maxAgeSeconds === undefined || (Number.isInteger(maxAgeSeconds) && maxAgeSeconds >= 0);
  if (!isAge || (maxAgeSeconds ?? 0) > MAX_AGE_SECONDS) {
    const problem = `expected whole seconds, 0..${MAX_AGE_SECONDS}`;
    problems.push({ path: `${path}.maxAgeSeconds`, problem, remedy: "Leave it out for no bound." });
  }
  return problems;
}

function describeEmpty(path: string): RequirementProblem {
  return { path, problem: "an empty list", remedy: "Name at least one, or leave it out." };
}
