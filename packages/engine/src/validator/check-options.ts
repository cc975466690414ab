/** Checks a validator's options as a whole. Everything is read once and copied, so that later changes change nothing. */

import type { BindingRules } from "../binding/binding-rules.ts";
import type { IssuerRules } from "../issuers/trusted-issuer.ts";
import { type KeySharing, OPEN_KEYS } from "../keys/key-sharing.ts";
import type { Clock, Fetch, Observer, ReplayStore, RevocationList, StatusLists } from "../ports.ts";
import type { PermissionTable } from "../principal/permission-table.ts";
import { isObject } from "../token/describe-kind.ts";
import { DEFAULT_TOKEN_BYTES } from "../token/parse-token.ts";
import { checkIssuer } from "./check-issuer.ts";
import { type CheckedKeys, checkKeys } from "./check-keys.ts";
import { ConfigurationError } from "./configuration-error.ts";
import type { EncryptionRules } from "./judged-issuer.ts";
import { Place } from "./place.ts";
import { readFunction, readNumber, readOptions } from "./read-options.ts";
import type { TokenMemoryLimits } from "./token-memory.ts";

/** ML-DSA signatures alone are 3,200 to 6,200 characters. */
const DEFAULT_ML_DSA_TOKEN_BYTES = 16_384;

const LIMITS = { tokenBytes: readNumber({ least: 256, most: 65_536, fallback: undefined }) };

const SIGNATURE_CACHE = {
  maxEntries: readNumber({ least: 1, most: 1_000_000, fallback: 10_000, isWhole: true }),
  maxBytes: readNumber({ least: 65_536, most: 2 ** 32, fallback: 2 ** 25, isWhole: true }),
};

const RULES = {
  clock: readFunction<Clock>,
  observer: readFunction<Observer>,
  fetch: readFunction<Fetch>,
  keySharing: readKeySharing,
  issuers: readIssuers,
  limits: readLimits,
  signatureCache: readSignatureCache,
  revocations: (value: unknown, place: Place) =>
    readPort<RevocationList>(value, { methods: ["find", "isFresh"], place }),
  statusLists: (value: unknown, place: Place) => readPort<StatusLists>(value, { methods: ["check"], place }),
  permissions: (value: unknown, place: Place) =>
    readPort<PermissionTable>(value, { methods: ["extendMapping"], place }),
  replay: (value: unknown, place: Place) => readPort<ReplayStore>(value, { methods: ["use"], place }),
};

export interface CheckedIssuer {
  readonly rules: IssuerRules;
  readonly keys: CheckedKeys;
  /** Undefined where proof of the key that a token is bound to is left to the caller. */
  readonly binding: BindingRules | undefined;
  /** Undefined where its tokens are only signed. */
  readonly encryption: EncryptionRules | undefined;
}

export interface CheckedOptions {
  readonly issuers: readonly CheckedIssuer[];
  readonly clock: Clock;
  readonly observer: Observer | undefined;
  readonly fetch: Fetch;
  readonly keySharing: KeySharing | undefined;
  readonly maxTokenBytes: number;
  /** Undefined where signatures are not remembered. */
  readonly signatureCache: TokenMemoryLimits | undefined;
  readonly revocations: RevocationList | undefined;
  readonly statusLists: StatusLists | undefined;
  readonly replay: ReplayStore | undefined;
  readonly permissions: PermissionTable | undefined;
  readonly optOuts: readonly OptOutInForce[];
}

export type OptOutMember =
  | "audiences"
  | "expiry"
  | "binding"
  | "maxLifetimeSeconds"
  | "tenants"
  | "encryption.plain"
  | "keys.insecureLoopbackHttp";

/** An option in force that weakens safety. */
export interface OptOutInForce {
  /** Alias of the issuer that it is for. */
  readonly issuer: string;
  readonly path: string;
  readonly value: string;
  readonly member: OptOutMember;
}

/** @throws ConfigurationError with every problem at once. */
export function checkOptions(options: unknown): CheckedOptions {
  const place = new Place();
  if (!isObject(options)) place.expect("an object", options, "Give { issuers }");
  const read = readOptions(isObject(options) ? options : {}, { rules: RULES, place });
  const [first, ...others] = place.problems;
  if (first !== undefined) throw new ConfigurationError([first, ...others]);
  const { issuers, clock = Date.now, observer, limits } = read;
  const longKeys = issuers.some(({ rules }) => rules.algorithms.some(({ family }) => family === "ml-dsa"));
  return {
    issuers,
    clock,
    observer,
    keySharing: read.keySharing,
    // Looked up at each call, so that a runtime or a test may replace it.
    fetch: read.fetch ?? ((url, init) => globalThis.fetch(url, init)),
    maxTokenBytes: limits.tokenBytes ?? (longKeys ? DEFAULT_ML_DSA_TOKEN_BYTES : DEFAULT_TOKEN_BYTES),
    signatureCache: read.signatureCache,
    revocations: read.revocations,
    statusLists: read.statusLists,
    replay: read.replay,
    permissions: read.permissions,
    optOuts: issuers.flatMap(listOptOuts),
  };
}

function readKeySharing(value: unknown, place: Place): KeySharing | undefined {
  if (value === undefined || (isObject(value) && OPEN_KEYS in value)) return value as KeySharing | undefined;
  return place.expect("a key publisher or follower", value, "Make one with countersign/sharing");
}

function readLimits(value: unknown = {}, place: Place): { readonly tokenBytes: number | undefined } {
  if (!isObject(value)) place.expect("an object", value, "Give { tokenBytes }");
  return readOptions(isObject(value) ? value : {}, { rules: LIMITS, place });
}

function readSignatureCache(value: unknown = {}, place: Place): TokenMemoryLimits | undefined {
  if (value === "off") return undefined;
  if (!isObject(value)) place.expect('an object or "off"', value, "Give { maxEntries }, or leave it out");
  return readOptions(isObject(value) ? value : {}, { rules: SIGNATURE_CACHE, place });
}

/** Something that is given from outside and has these methods; what they do is its own affair. */
function readPort<T>(
  value: unknown,
  { methods, place }: { readonly methods: readonly (keyof T & string)[]; readonly place: Place },
): T | undefined {
  if (value === undefined) return undefined;
  const isPort =
    typeof value === "object" &&
    value !== null &&
    methods.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
  if (!isPort) place.expect(`an object with ${methods.join(" and ")}`, value, "Correct it, or leave it out");
  return value as T;
}

function readIssuers(value: unknown, place: Place): readonly CheckedIssuer[] {
  const checked: CheckedIssuer[] = [];
  /** Issuers and their aliases are keys of tables: each may stand for one issuer only. */
  const owners = new Map<string, string>();
  if (!Array.isArray(value) || value.length === 0) {
    place.expect("at least one issuer", value, "List the issuers whose tokens are accepted");
    return checked;
  }
  for (const [index, options] of (value as readonly unknown[]).entries()) {
    const issuerPlace = place.at(index);
    if (!isObject(options)) {
      issuerPlace.expect("an object", options, "Describe one issuer");
      continue;
    }
    const { rules, binding, encryption } = checkIssuer(options, issuerPlace);
    const keys = checkKeys(options["keys"], { rules, issuerPlace });
    for (const member of ["issuer", "name"] as const) {
      const id = `${member} ${rules[member]}`;
      const owner = owners.get(id);
      owners.set(id, owner ?? issuerPlace.path);
      // An empty one is a problem that was told.
      if (owner === undefined || rules[member] === "") continue;
      issuerPlace.at(member).refuse(`is that of ${owner} too`, `Give each issuer its own ${member}`);
    }
    if (keys !== undefined) checked.push({ rules, keys, binding, encryption });
  }
  return checked;
}

/** How an opt-out is written where that is not "unchecked". */
const OPT_OUT_VALUES: Partial<Record<OptOutMember, string>> = {
  "encryption.plain": "accepted",
  "keys.insecureLoopbackHttp": "true",
};

function listOptOuts(
  { rules, keys, binding, encryption }: CheckedIssuer,
  index: number,
): readonly OptOutInForce[] {
  const inForce: Readonly<Record<OptOutMember, boolean>> = {
    audiences: rules.audiences === undefined,
    expiry: !rules.expiryRequired,
    binding: binding === undefined,
    maxLifetimeSeconds: rules.maxLifetimeSeconds === undefined,
    tenants: rules.tenants === undefined && rules.profile.tenants !== undefined,
    "encryption.plain": encryption?.plainAccepted === true,
    "keys.insecureLoopbackHttp": "settings" in keys && keys.settings.insecureLoopbackHttp,
  };
  return (Object.keys(inForce) as OptOutMember[])
    .filter((member) => inForce[member])
    .map((member) => ({
      issuer: rules.name,
      path: `issuers[${index}].${member}`,
      value: OPT_OUT_VALUES[member] ?? "unchecked",
      member,
    }));
}
