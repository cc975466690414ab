import type { Principal, VerifiedToken } from "countersign";
import type {
  CompiledRequirement,
  NamedRequirements,
  PolicyInput,
  PolicyOutcome,
  Requirement,
  RequirementCompiler,
} from "countersign/policy";
import { createRequirementCompiler } from "countersign/policy";
import { compileCel } from "../../src/policy/cel-expression.ts";

export const NOW = 1_700_000_000_000;

/** An input as the engine would give it, with these claims. */
export function createInput(
  claims: Readonly<Record<string, unknown>> = {},
  parts: { readonly principal?: Partial<Principal>; readonly path?: string; readonly issuer?: string } = {},
): PolicyInput {
  const token = {
    header: { alg: "ES256" },
    claims: { iss: "https://idp.example.com/", ...claims },
    issuer: parts.issuer ?? "main",
    algorithm: "ES256",
    keyId: undefined,
    expiresAt: NOW + 60_000,
  };
  const principal: Principal = {
    kind: "user",
    issuer: "https://idp.example.com/",
    subject: "user-1",
    client: undefined,
    tenant: undefined,
    session: undefined,
    scopes: [],
    roles: [],
    groups: [],
    permissions: [],
    authentication: { acr: undefined, amr: [], authTime: undefined },
    actor: undefined,
    priorActors: [],
    confirmation: undefined,
    ...parts.principal,
  };
  return {
    token: token as unknown as VerifiedToken,
    principal,
    request: { method: "GET", scheme: "https", host: "api.test", path: parts.path ?? "/" },
    now: NOW,
  };
}

export function compile(
  requirement: Requirement,
  named: NamedRequirements = {},
): CompiledRequirement & Pick<RequirementCompiler, "problems"> {
  const compiler = createRequirementCompiler(named, {
    issuers: ["main", "partner"],
    compileExpression: compileCel,
  });
  const compiled = compiler.compile(requirement, { path: "require", policy: "here" });
  return { ...compiled, problems: compiler.problems };
}

/** The reason, "met", or "nothing" where nothing is enforced. */
export function told(outcome: PolicyOutcome | undefined): string {
  if (outcome === undefined) return "nothing";
  return outcome.kind === "met" ? "met" : outcome.reason;
}

export function judge(requirement: Requirement, input: PolicyInput, named?: NamedRequirements): string {
  return told(compile(requirement, named).judge?.(input));
}
