/** Checks one issuer's options and fills in every default, so that nothing is decided per request. */

import { platform } from "#platform";
import { ALGORITHMS, type Algorithm, findAlgorithm } from "../algorithms.ts";
import type { BindingRules } from "../binding/binding-rules.ts";
import type { Profile } from "../issuers/profile.ts";
import { PROFILE_NAMES, PROFILES, type ProfileName, REFUSED_PROFILES } from "../issuers/profiles.ts";
import type { IssuerRules } from "../issuers/trusted-issuer.ts";
import { isObject } from "../token/describe-kind.ts";
import { readBinding } from "./check-binding-options.ts";
import { readEncryption } from "./check-encryption.ts";
import { compileIssuerMapping, readMapping } from "./check-mapping.ts";
import { checkShape, checkTenants } from "./check-preset.ts";
import type { EncryptionRules } from "./judged-issuer.ts";
import type { Place } from "./place.ts";
import {
  isText,
  readAnything,
  readNumber,
  readOptions,
  readRequirement,
  readTexts,
  readUnlessUnchecked,
} from "./read-options.ts";

const DEFAULT_ALGORITHMS: readonly string[] = ["RS256", "PS256", "ES256", "Ed25519"];
const DEFAULT_SECRET_ALGORITHMS: readonly string[] = ["HS256"];
/** Of `maxLifetimeSeconds`. */
export const DEFAULT_MAX_LIFETIME_SECONDS = 86_400;
const MAX_SECONDS = 10 * 365 * 86_400;
const ALIAS = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const RULES = {
  issuer: readIssuer,
  name: readAnything,
  audiences: readUnlessUnchecked(readAudiences),
  algorithms: readAnything,
  keys: readAnything,
  profile: readProfile,
  types: readTexts,
  requiredClaims: readTexts,
  clockToleranceSeconds: readNumber({ least: 0, most: 300, fallback: 30 }),
  maxLifetimeSeconds: readUnlessUnchecked(
    readNumber({ least: 1, most: MAX_SECONDS, fallback: DEFAULT_MAX_LIFETIME_SECONDS }),
  ),
  maxAgeSeconds: readNumber({ least: 1, most: MAX_SECONDS, fallback: undefined }),
  expiry: readRequirement("tokens that never expire"),
  binding: readBinding,
  encryption: readEncryption,
  principal: readMapping,
  tenants: readUnlessUnchecked(readTexts),
};

/** The rules; what is wrong is added to the place's problems. */
export function checkIssuer(
  options: Readonly<Record<string, unknown>>,
  place: Place,
): {
  readonly rules: IssuerRules;
  readonly binding: BindingRules | undefined;
  readonly encryption: EncryptionRules | undefined;
} {
  const read = readOptions(options, { rules: RULES, place });
  const { name, algorithms, keys, expiry, binding, encryption, principal, ...rules } = read;
  const { issuer, profile, types = profile.types, requiredClaims = [] } = rules;
  checkShape({ issuer, audiences: options["audiences"], profile }, place);
  const mapping = profile.principal === undefined ? principal : { ...profile.principal, ...principal };
  const checked = {
    ...rules,
    tenants: checkTenants({ options, tenants: rules.tenants, profile, mapping }, place.at("tenants")),
    name: checkAlias({ name, issuer }, place.at("name")),
    algorithms: checkAlgorithms({ algorithms, keys, profile }, place.at("algorithms")),
    types,
    requiredClaims,
    expiryRequired: expiry,
    mapping: compileIssuerMapping(mapping, rules.audiences),
  };
  return { rules: checked, binding, encryption };
}

function readIssuer(value: unknown, place: Place): string {
  if (isText(value)) return value;
  const remedy = 'Such as "https://idp.example.com/"';
  return place.expect("the exact iss of the tokens", value, remedy) ?? "";
}

/** The alias, by default the issuer's host: short, and safe as a label. */
function checkAlias(
  { name, issuer }: { readonly name: unknown; readonly issuer: string },
  place: Place,
): string {
  const alias = name === undefined ? readHost(issuer) : name;
  if (typeof alias === "string" && ALIAS.test(alias)) return alias;
  const remedy = `It has to match ${ALIAS.source}`;
  if (name !== undefined) place.expect("an alias", name, remedy);
  // Without an issuer the default cannot be told, and that problem is already on the list.
  else if (issuer !== "") place.refuse("the issuer has no host to be named by", remedy);
  return "";
}

function readHost(issuer: string): string {
  // A port's colon and an IPv6 address's brackets are no part of an alias.
  return URL.canParse(issuer) ? new URL(issuer).host.replace(/[[\]]/g, "").replaceAll(":", "-") : "";
}

function readAudiences(value: unknown, place: Place): readonly string[] | undefined {
  const texts = readTexts(value, place);
  if (value !== undefined && texts?.length !== 0) return texts;
  const remedy = 'List those of this service; "unchecked" accepts tokens for any';
  return place.expect("at least one audience", value, remedy);
}

/** The allowed algorithms, without those that are a problem. */
function checkAlgorithms(
  {
    algorithms,
    keys,
    profile,
  }: { readonly algorithms: unknown; readonly keys: unknown; readonly profile: Profile },
  place: Place,
): readonly Algorithm[] {
  const isSecret = isObject(keys) && keys["secrets"] !== undefined;
  const byDefault = profile.algorithms ?? (isSecret ? DEFAULT_SECRET_ALGORITHMS : DEFAULT_ALGORITHMS);
  const names: unknown = algorithms ?? byDefault;
  const allowed = new Set<Algorithm>();
  if (!Array.isArray(names) || names.length === 0) {
    place.expect("at least one algorithm", names, "List the issuer's algorithms");
    return [];
  }
  for (const [index, name] of (names as readonly unknown[]).entries()) {
    const algorithm = typeof name === "string" ? findAlgorithm(name) : undefined;
    const isForeign = profile.algorithms?.includes(name as string) === false;
    const problem =
      algorithm && !isForeign
        ? describeMisfit(algorithm, isSecret)
        : `is no algorithm that can be allowed${isForeign ? ` with ${profile.name}` : ""}`;
    if (problem !== undefined) {
      place
        .at(index)
        .refuse(problem, `Take it off the list. Known are ${Object.keys(ALGORITHMS).join(", ")}`);
    } else if (algorithm !== undefined) allowed.add(algorithm);
  }
  return [...allowed];
}

function describeMisfit(algorithm: Algorithm, isSecret: boolean): string | undefined {
  // One kind of key per issuer: else a public key could be taken for a secret (RFC 8725 section 2.1).
  if (isSecret !== (algorithm.family === "hmac")) {
    return isSecret
      ? "is not an HMAC algorithm, and the keys are secrets"
      : "is an HMAC algorithm, and the keys are no secrets";
  }
  return platform.supports(algorithm) ? undefined : `${algorithm.name} is not in this runtime's crypto`;
}

function readProfile(value: unknown = "jwt", place: Place): Profile {
  if (typeof value === "string" && Object.hasOwn(PROFILES, value)) return PROFILES[value as ProfileName];
  const isRefused = typeof value === "string" && Object.hasOwn(REFUSED_PROFILES, value);
  const problem = isRefused ? REFUSED_PROFILES[value] : undefined;
  place.refuse(problem ?? "is no profile", `Use ${PROFILE_NAMES.join(" or ")}`);
  return PROFILES.jwt;
}
