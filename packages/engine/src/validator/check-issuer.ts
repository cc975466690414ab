/** Checks one issuer's options and fills in every default, so that nothing is decided per request. */

import { platform } from "#platform";
import { ALGORITHMS, type Algorithm, type AlgorithmName, findAlgorithm } from "../algorithms.ts";
import { PROFILES, type ProfileName, RESERVED_PROFILE_NAMES } from "../issuers/profiles.ts";
import type { IssuerRules } from "../issuers/trusted-issuer.ts";
import { checkNumber, describeValue, isRecord, type ProblemList, refuseUnknown } from "./problem-list.ts";

const DEFAULT_ALGORITHMS: readonly AlgorithmName[] = ["RS256", "PS256", "ES256", "Ed25519"];
const DEFAULT_SECRET_ALGORITHMS: readonly AlgorithmName[] = ["HS256"];
const DEFAULT_TOLERANCE_SECONDS = 30;
const MAX_TOLERANCE_SECONDS = 300;
const DEFAULT_LIFETIME_SECONDS = 86_400;
const MAX_SECONDS = 10 * 365 * 86_400;
const MAX_LIST_LENGTH = 256;
const MAX_TEXT_LENGTH = 2048;
const ALIAS = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const KNOWN_OPTIONS = [
  "issuer",
  "name",
  "audiences",
  "algorithms",
  "keys",
  "profile",
  "types",
  "requiredClaims",
  "clockToleranceSeconds",
  "maxLifetimeSeconds",
  "maxAgeSeconds",
  "expiry",
  "binding",
] as const;

export interface IssuerPlace {
  /** Such as "issuers[0]". */
  readonly path: string;
  readonly problems: ProblemList;
}

interface IssuerSubject {
  readonly options: Readonly<Record<string, unknown>>;
  /** From `checkAlgorithms`. */
  readonly algorithms: readonly Algorithm[];
}

/** The rules, or undefined where a problem was added that makes them meaningless. */
export function checkIssuer(
  { options, algorithms }: IssuerSubject,
  place: IssuerPlace,
): IssuerRules | undefined {
  const { problems } = place;
  const sizeBefore = problems.size;
  refuseUnknown(options, KNOWN_OPTIONS, place);
  const issuer = checkIssuerIdentifier(options["issuer"], place);
  const name = checkAlias({ value: options["name"], issuer }, place);
  const audiences = checkAudiences(options["audiences"], place);
  const profile = checkProfile(options["profile"], place);
  const types = checkTexts({ value: options["types"], path: `${place.path}.types` }, place);
  const requiredClaims = checkTexts(
    { value: options["requiredClaims"], path: `${place.path}.requiredClaims` },
    place,
  );
  const times = checkTimes(options, place);
  const requirements = checkRequirements(options, place);
  if (issuer === undefined || name === undefined || problems.size > sizeBefore) return undefined;
  return Object.freeze({
    issuer,
    name,
    audiences,
    algorithms,
    profile: PROFILES[profile],
    types: types ?? PROFILES[profile].types,
    requiredClaims: requiredClaims ?? [],
    ...times,
    ...requirements,
  });
}

function checkIssuerIdentifier(value: unknown, { path, problems }: IssuerPlace): string | undefined {
  if (typeof value === "string" && value !== "" && value.length <= MAX_TEXT_LENGTH) return value;
  problems.add(
    `${path}.issuer`,
    `expected the exact iss of the tokens, found ${describeValue(value)}`,
    'Write the issuer as it stands in its tokens and metadata, such as "https://idp.example.com/"',
  );
  return undefined;
}

/** The alias, by default the issuer's host: short, and safe as a label. */
function checkAlias(
  { value, issuer }: { readonly value: unknown; readonly issuer: string | undefined },
  { path, problems }: IssuerPlace,
): string | undefined {
  const alias = value === undefined ? readHost(issuer) : value;
  if (typeof alias === "string" && ALIAS.test(alias)) return alias;
  // Without an issuer the default cannot be told, and that problem is already on the list.
  if (value === undefined && issuer === undefined) return undefined;
  problems.add(
    `${path}.name`,
    value === undefined
      ? "the issuer has no host to be named by"
      : `expected an alias, found ${describeValue(value)}`,
    "Give a name of 1 to 64 letters, digits, dots, underscores and hyphens that begins with a letter or digit",
  );
  return undefined;
}

function readHost(issuer: string | undefined): string | undefined {
  if (issuer === undefined || !URL.canParse(issuer)) return undefined;
  // A port's colon and an IPv6 address's brackets are no part of an alias.
  return new URL(issuer).host.replaceAll(/[[\]]/g, "").replaceAll(":", "-") || undefined;
}

function checkAudiences(value: unknown, place: IssuerPlace): readonly string[] | undefined {
  if (value === "unchecked") return undefined;
  const path = `${place.path}.audiences`;
  const remedy = 'List the audiences of this service, or write "unchecked" to accept tokens for any service';
  if (value === undefined || (Array.isArray(value) && value.length === 0)) {
    place.problems.add(path, `expected at least one audience, found ${describeValue(value)}`, remedy);
    return undefined;
  }
  return checkTexts({ value, path, remedy }, place);
}

interface TextsSubject {
  readonly value: unknown;
  readonly path: string;
  readonly remedy?: string;
}

/** A frozen copy of a list of distinct non-empty texts; undefined where absent or where a problem was added. */
function checkTexts(
  { value, path, remedy = "Give an array of strings" }: TextsSubject,
  { problems }: IssuerPlace,
): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length > MAX_LIST_LENGTH) {
    const expected = `expected an array of at most ${MAX_LIST_LENGTH} strings`;
    problems.add(path, `${expected}, found ${describeValue(value)}`, remedy);
    return undefined;
  }
  const texts: string[] = [];
  for (const [index, member] of value.entries()) {
    if (typeof member === "string" && member !== "" && member.length <= MAX_TEXT_LENGTH) texts.push(member);
    else problems.add(`${path}[${index}]`, `expected a string, found ${describeValue(member)}`, remedy);
  }
  return Object.freeze([...new Set(texts)]);
}

/** The allowed algorithms, without those that are a problem. */
export function checkAlgorithms(
  { algorithms: value, keys }: { readonly algorithms?: unknown; readonly keys?: unknown },
  place: IssuerPlace,
): readonly Algorithm[] {
  const path = `${place.path}.algorithms`;
  const { problems } = place;
  const secret = isRecord(keys) && keys["secrets"] !== undefined;
  const names = value ?? (secret ? DEFAULT_SECRET_ALGORITHMS : DEFAULT_ALGORITHMS);
  if (!Array.isArray(names) || names.length === 0) {
    problems.add(
      path,
      `expected at least one algorithm, found ${describeValue(names)}`,
      "List the issuer's algorithms",
    );
    return [];
  }
  const allowed = new Set<Algorithm>();
  for (const [index, name] of (names as readonly unknown[]).entries()) {
    const algorithm = typeof name === "string" ? findAlgorithm(name) : undefined;
    const at = `${path}[${index}]`;
    if (algorithm === undefined) {
      problems.add(
        at,
        "is no algorithm that can be allowed",
        `Use some of ${Object.keys(ALGORITHMS).join(", ")}`,
      );
    } else if ((algorithm.family === "hmac") !== secret) {
      refuseMixture(at, secret, problems);
    } else if (platform.supports(algorithm)) {
      allowed.add(algorithm);
    } else {
      const runtime = `this runtime's ${platform.name === "node" ? "node:crypto" : "WebCrypto"}`;
      problems.add(
        at,
        `${algorithm.name} is not in ${runtime}`,
        "Take it off the list, or use a runtime that has it",
      );
    }
  }
  return Object.freeze([...allowed]);
}

/** One kind of key per issuer: else a public key could be taken for a secret (RFC 8725 section 2.1). */
function refuseMixture(path: string, secret: boolean, problems: ProblemList): void {
  if (secret) {
    problems.add(
      path,
      "is not an HMAC algorithm, and the keys are secrets",
      "List HS256, HS384 or HS512 only",
    );
  } else {
    problems.add(
      path,
      "is an HMAC algorithm, and the keys are public",
      "Give `keys.secrets`, or take it off the list",
    );
  }
}

function checkProfile(value: unknown, { path, problems }: IssuerPlace): ProfileName {
  if (value === undefined) return "jwt";
  if (typeof value === "string" && Object.hasOwn(PROFILES, value)) return value as ProfileName;
  const reserved = typeof value === "string" && RESERVED_PROFILE_NAMES.includes(value);
  problems.add(
    `${path}.profile`,
    reserved ? "names a preset that this version does not have yet" : "is no profile",
    `Use ${Object.keys(PROFILES).join(" or ")}`,
  );
  return "jwt";
}

type TimeRules = Pick<IssuerRules, "clockToleranceSeconds" | "maxLifetimeSeconds" | "maxAgeSeconds">;

function checkTimes(options: Readonly<Record<string, unknown>>, { path, problems }: IssuerPlace): TimeRules {
  const read = (name: string, bounds: { readonly min: number; readonly max: number }): number | undefined =>
    options[name] === undefined
      ? undefined
      : checkNumber(options[name], { path: `${path}.${name}`, unit: "seconds", ...bounds }, problems);
  const lifetimeUnchecked = options["maxLifetimeSeconds"] === "unchecked";
  return {
    clockToleranceSeconds:
      read("clockToleranceSeconds", { min: 0, max: MAX_TOLERANCE_SECONDS }) ?? DEFAULT_TOLERANCE_SECONDS,
    maxLifetimeSeconds: lifetimeUnchecked
      ? undefined
      : (read("maxLifetimeSeconds", { min: 1, max: MAX_SECONDS }) ?? DEFAULT_LIFETIME_SECONDS),
    maxAgeSeconds: read("maxAgeSeconds", { min: 1, max: MAX_SECONDS }),
  };
}

type Requirements = Pick<IssuerRules, "expiryRequired" | "bindingRequired">;

/** What is required unless the configuration says "unchecked". */
function checkRequirements(
  options: Readonly<Record<string, unknown>>,
  { path, problems }: IssuerPlace,
): Requirements {
  const isRequired = (name: "expiry" | "binding", cost: string): boolean => {
    const { [name]: value = "required" } = options;
    if (value === "required" || value === "unchecked") return value === "required";
    const remedy = `Leave it out, or write "unchecked" to accept ${cost}`;
    problems.add(
      `${path}.${name}`,
      `expected "required" or "unchecked", found ${describeValue(value)}`,
      remedy,
    );
    return true;
  };
  return {
    expiryRequired: isRequired("expiry", "tokens that never expire"),
    bindingRequired: isRequired("binding", "bound tokens without proof of their key"),
  };
}
