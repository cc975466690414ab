/** Checks a validator's options as a whole. Everything is read once and copied, so that later changes change nothing. */

import type { IssuerRules } from "../issuers/trusted-issuer.ts";
import type { Clock, Fetch, Observer } from "../ports.ts";
import { DEFAULT_TOKEN_BYTES } from "../token/parse-token.ts";
import { checkAlgorithms, checkIssuer } from "./check-issuer.ts";
import { type CheckedKeys, checkKeys } from "./check-keys.ts";
import { ConfigurationError, type ConfigurationProblem } from "./configuration-error.ts";
import { checkNumber, describeValue, isRecord, ProblemList, refuseUnknown } from "./problem-list.ts";

/** ML-DSA signatures alone are 3,200 to 6,200 characters. */
const DEFAULT_ML_DSA_TOKEN_BYTES = 16_384;
const MIN_TOKEN_BYTES = 256;
const MAX_TOKEN_BYTES = 65_536;

const KNOWN_OPTIONS = ["issuers", "clock", "limits", "observer", "fetch"] as const;
const KNOWN_LIMITS = ["tokenBytes"] as const;

export interface CheckedIssuer {
  readonly rules: IssuerRules;
  readonly keys: CheckedKeys;
}

export interface CheckedOptions {
  readonly issuers: readonly CheckedIssuer[];
  readonly clock: Clock;
  readonly observer: Observer | undefined;
  readonly fetch: Fetch;
  readonly maxTokenBytes: number;
  readonly optOuts: readonly OptOut[];
}

/** An option in force that weakens safety: always explicit, named, and told. */
export interface OptOut {
  /** Alias of the issuer that it is for. */
  readonly issuer: string | undefined;
  readonly path: string;
  readonly value: string;
  /** What is no longer checked. */
  readonly consequence: string;
}

/** @throws ConfigurationError with every problem at once. */
export function checkOptions(options: unknown): CheckedOptions {
  const problems = new ProblemList();
  const record = isRecord(options) ? options : {};
  if (!isRecord(options))
    problems.add("", `expected an object, found ${describeValue(options)}`, "Give { issuers }");
  refuseUnknown(record, KNOWN_OPTIONS, { path: "", problems });
  const clock = checkFunction<Clock>(record["clock"], "clock", problems) ?? Date.now;
  const observer = checkFunction<Observer>(record["observer"], "observer", problems);
  const fetchOption = checkFunction<Fetch>(record["fetch"], "fetch", problems);
  const issuers = checkIssuers(record["issuers"], problems);
  const tokenBytes = checkLimits(record["limits"], problems);
  problems.throwIfAny();
  const longKeys = issuers.some(({ rules }) => rules.algorithms.some(({ family }) => family === "ml-dsa"));
  return Object.freeze({
    issuers,
    clock,
    observer,
    // Looked up at each call, so that a runtime or a test may replace it.
    fetch: fetchOption ?? ((url, init) => globalThis.fetch(url, init)),
    maxTokenBytes: tokenBytes ?? (longKeys ? DEFAULT_ML_DSA_TOKEN_BYTES : DEFAULT_TOKEN_BYTES),
    optOuts: Object.freeze(issuers.flatMap((issuer, index) => listOptOuts(issuer, `issuers[${index}]`))),
  });
}

export interface OptionsReport {
  readonly problems: readonly ConfigurationProblem[];
  /** Known only where there are no problems. */
  readonly optOuts: readonly OptOut[];
}

/** What is wrong with options, and which opt-outs they hold. For linters: `createValidator` throws the problems. */
export function inspectOptions(options: unknown): OptionsReport {
  try {
    return { problems: [], optOuts: checkOptions(options).optOuts };
  } catch (error) {
    if (error instanceof ConfigurationError) return { problems: error.problems, optOuts: [] };
    throw error;
  }
}

function checkFunction<T>(value: unknown, name: string, problems: ProblemList): T | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "function") return value as T;
  problems.add(
    name,
    `expected a function, found ${describeValue(value)}`,
    "Give a function, or leave it out",
  );
  return undefined;
}

function checkLimits(value: unknown, problems: ProblemList): number | undefined {
  if (value === undefined) return undefined;
  if (!isRecord(value)) {
    problems.add("limits", `expected an object, found ${describeValue(value)}`, "Give { tokenBytes }");
    return undefined;
  }
  refuseUnknown(value, KNOWN_LIMITS, { path: "limits", problems });
  if (value["tokenBytes"] === undefined) return undefined;
  const rule = { path: "limits.tokenBytes", min: MIN_TOKEN_BYTES, max: MAX_TOKEN_BYTES, unit: "bytes" };
  return checkNumber(value["tokenBytes"], rule, problems);
}

function checkIssuers(value: unknown, problems: ProblemList): readonly CheckedIssuer[] {
  if (!Array.isArray(value) || value.length === 0) {
    const remedy = "List the issuers whose tokens are accepted; there is no way to accept any issuer";
    problems.add("issuers", `expected at least one issuer, found ${describeValue(value)}`, remedy);
    return [];
  }
  const checked: CheckedIssuer[] = [];
  const unique = createUniqueness(problems);
  for (const [index, options] of (value as readonly unknown[]).entries()) {
    const place = { path: `issuers[${index}]`, problems };
    if (!isRecord(options)) {
      problems.add(place.path, `expected an object, found ${describeValue(options)}`, "Describe one issuer");
      continue;
    }
    const algorithms = checkAlgorithms(options, place);
    const rules = checkIssuer({ options, algorithms }, place);
    const keys = checkKeys(options["keys"], { issuer: options["issuer"], algorithms, place });
    if (rules !== undefined) unique(rules, place.path);
    if (rules !== undefined && keys !== undefined) checked.push(Object.freeze({ rules, keys }));
  }
  return Object.freeze(checked);
}

/** Issuers and their aliases are keys of tables: each may stand for one issuer only. */
function createUniqueness(problems: ProblemList): (rules: IssuerRules, path: string) => void {
  const seen = { issuer: new Map<string, string>(), name: new Map<string, string>() };
  return (rules, path) => {
    for (const member of ["issuer", "name"] as const) {
      const earlier = seen[member].get(rules[member]);
      if (earlier === undefined) seen[member].set(rules[member], path);
      else
        problems.add(`${path}.${member}`, `is that of ${earlier} too`, `Give each issuer its own ${member}`);
    }
  };
}

function listOptOuts({ rules, keys }: CheckedIssuer, path: string): readonly OptOut[] {
  const found: OptOut[] = [];
  const add = (member: string, value: string, consequence: string): void => {
    found.push(Object.freeze({ issuer: rules.name, path: `${path}.${member}`, value, consequence }));
  };
  if (rules.audiences === undefined) {
    add("audiences", "unchecked", "Tokens that the issuer made for other services are accepted here");
  }
  if (!rules.expiryRequired) add("expiry", "unchecked", "Tokens without exp are accepted for ever");
  if (!rules.bindingRequired) {
    add("binding", "unchecked", "Tokens that are bound to a key are accepted from whoever holds them");
  }
  if (rules.maxLifetimeSeconds === undefined) {
    add("maxLifetimeSeconds", "unchecked", "Tokens of any lifetime are accepted");
  }
  if (keys.kind === "remote" && keys.settings.insecureLoopbackHttp) {
    add("keys.insecureLoopbackHttp", "true", "Keys may be fetched without TLS from this machine");
  }
  return found;
}
