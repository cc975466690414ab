/** Where an issuer's tokens say who they speak for, as data. */

import type { ClaimTest } from "../claims/claim-test.ts";

/** Each field that is left out is read as by default; what nothing maps is never part of a principal. */
export interface PrincipalMapping {
  /** "workload" where the issuer speaks for running code only: jobs, pods, services. Default by each token. */
  readonly kind?: "workload";
  /** Default `client_id`, else `azp`, else `cid`. */
  readonly client?: TextSources;
  /** Default none. */
  readonly tenant?: TextSources;
  /** Default `sid`. */
  readonly session?: TextSources;
  /** Default `scope` and `scp`. */
  readonly scopes?: ListSources;
  /** Default `roles`. */
  readonly roles?: ListSources;
  /** Default `groups`. */
  readonly groups?: ListSources;
  /** Default `permissions` and `entitlements`. */
  readonly permissions?: ListSources;
}

/** The first that has a value. A text is the path of a claim. */
export type TextSources = TextSource | readonly TextSource[];

export type TextSource = string | TextClaim;

export interface TextClaim {
  /** A JSON pointer ("/a/b"), names joined by dots, or one name that holds "://". */
  readonly path: string;
  /** Default none. */
  readonly transform?: ClaimTransform;
  /** Where the claim is absent or no text. Default none. */
  readonly default?: string;
}

/** All of them together. A text is the path of a claim. */
export type ListSources = ListSource | readonly ListSource[];

export type ListSource = string | ListClaim;

/** Has no default: what a token does not say must not grant. */
export interface ListClaim {
  /** As `TextClaim.path`; "{audience}" as a step stands for each of the issuer's `audiences`. */
  readonly path: string;
  /**
   * "list": an array of texts, or one text. "words": texts with spaces between them, or an array of texts. Default
   * "words" for scopes, else "list".
   */
  readonly type?: "list" | "words";
  /** Default none. */
  readonly transform?: ClaimTransform;
}

/**
 * What is made of each text; a text of which nothing is made is left out. "lowercase"; "lastSegment": what follows the
 * last "/"; `prefix`: put before it; `removePrefix`: only texts that begin with it, without it; `values`: only those
 * listed, each as what it stands for.
 */
export type ClaimTransform =
  | "lowercase"
  | "lastSegment"
  | { readonly prefix: string }
  | { readonly removePrefix: string }
  | { readonly values: Readonly<Record<string, string>> };

/** What a preset may say besides. */
export interface PresetMapping extends Omit<PrincipalMapping, "tenant"> {
  readonly tenant?: TextSources | CapturedClaim | readonly (TextSource | CapturedClaim)[];
  /** "client", where one of the lists has no test that fails. Default by `client` and the subject. */
  readonly clientIf?: readonly (readonly ClaimTest[])[];
  /** "workload", likewise, and before it. */
  readonly workloadIf?: readonly (readonly ClaimTest[])[];
}

/** What the pattern's group finds in a text; what it finds nothing in counts as absent. */
export interface CapturedClaim {
  readonly path: string;
  readonly capture: RegExp;
}

export const DEFAULT_MAPPING: Required<Omit<PrincipalMapping, "kind">> = {
  client: ["client_id", "azp", "cid"],
  tenant: [],
  session: "sid",
  scopes: ["scope", "scp"],
  roles: "roles",
  groups: "groups",
  permissions: ["permissions", "entitlements"],
};
