import type { ClaimTest } from "../claims/claim-test.ts";
import type { PresetMapping } from "../principal/principal-mapping.ts";

/** Which kind of token an issuer's access tokens are, and how they are told from its other tokens. */
export interface Profile {
  readonly name: string;
  /** Accepted `typ` where the configuration names none. */
  readonly types: readonly string[];
  /** Whether a header without `typ` passes. */
  readonly typeMayBeAbsent: boolean;
  /** Claims that must be present besides `iss`, `aud` and `exp`. */
  readonly requiredClaims: readonly string[];
  /** Algorithms where the configuration names none, and the only ones that it may name. */
  readonly algorithms?: readonly string[];
  /** What `issuer` has to look like. Where `claim` is given, it has to be what the pattern's group finds. */
  readonly issuer?: { readonly pattern: RegExp; readonly such: string; readonly claim?: string };
  /** Each a list of tests of which one must pass. */
  readonly rules?: readonly (readonly ClaimTest[])[];
  /** A token without `aud` is judged by `client_id`. */
  readonly audienceOrClient?: true;
  /** `audiences` must not be "unchecked". */
  readonly audienceNeeded?: true;
  /** ID tokens are what services are given. */
  readonly takesIdTokens?: true;
  /** What its tenants are, where anybody may be one: they must be listed. */
  readonly tenants?: string;
  /** What the issuer's own `principal` leaves out. */
  readonly principal?: PresetMapping;
}
