/** What a route asks of a verified token, as it is written. Nothing here knows of a server: middlewares can use it as well. */

import type { PrincipalKind } from "../principal/principal.ts";

/** A named set, or an object of which every member must hold. */
export type Requirement = string | RequirementObject;

/** At least one member besides `shadow`. */
export interface RequirementObject {
  /** Each of these must hold. */
  readonly all?: readonly Requirement[];
  /** One of these must hold. */
  readonly any?: readonly Requirement[];
  /** The token is of one of these issuers, by alias. */
  readonly issuers?: readonly string[];
  /** One of these is in `aud`, exactly, besides what the issuer's own `audiences` ask for. */
  readonly audiences?: readonly string[];
  readonly scopes?: NameRequirement;
  readonly roles?: NameRequirement;
  readonly groups?: NameRequirement;
  readonly permissions?: NameRequirement;
  /** Each of these must hold. */
  readonly claims?: readonly ClaimRequirement[];
  /** For whom the token speaks: see `Principal.kind`. */
  readonly principal?: PrincipalKind;
  /** The token names a key in `cnf`, by `jkt` (RFC 9449) or `x5t#S256` (RFC 8705). The proof is for whoever validated the token. */
  readonly senderConstrained?: true;
  /** `acr` is one of these (RFC 9470 section 3). */
  readonly acr?: readonly string[];
  /** `auth_time` is no longer ago than this. 0..31536000, with 30 seconds for clocks that differ. */
  readonly maxAgeSeconds?: number;
  /** A CEL expression over `token`, `principal` and `request` that gives true. */
  readonly cel?: string;
  /** Judged and told, but not enforced. Never lets in what the rest refuses. */
  readonly shadow?: boolean;
}

/** With both, both must hold. */
export interface NameRequirement {
  /** One of these. */
  readonly any?: readonly string[];
  /** Every one of these. */
  readonly all?: readonly string[];
}

/** Exactly one of `equals`, `oneOf` and `contains`. Values are compared with their JSON type: "1" is not 1. */
export interface ClaimRequirement {
  /** A JSON pointer ("/realm_access/roles"), a dotted path ("realm_access.roles"), or one name that holds "://". */
  readonly path: string;
  readonly equals?: ClaimScalar;
  readonly oneOf?: readonly ClaimScalar[];
  /** The claim is a list with this member. A text never contains anything. */
  readonly contains?: ClaimScalar;
}

export type ClaimScalar = string | number | boolean;

/** Named sets of `requirements`. */
export type NamedRequirements = Readonly<Record<string, Requirement>>;

/** What is wrong with a requirement: where, and what to do. */
export interface RequirementProblem {
  readonly path: string;
  readonly problem: string;
  readonly remedy: string;
}
