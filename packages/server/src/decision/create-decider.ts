/** The decision core: one for all front doors. It refuses whatever it cannot decide. */

import type { IssuerOptions } from "countersign";
import { ConfigurationError } from "countersign";

import type {
  Configuration,
  IdentityHeadersConfiguration,
  ResourceConfiguration,
  RouteConfiguration,
} from "../config/configuration.ts";
import { type DpopOffer, describeDpopOffer } from "../config/dpop-offer.ts";
import { locateMetadata } from "../config/resource-metadata.ts";
import type { RoutePolicy } from "../config/route-policies.ts";
import { compileRoutePolicies } from "../config/route-policies.ts";
import {
  createRouteTable,
  type RouteMatch,
  type RouteQuery,
  type RouteTable,
} from "../config/route-table.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import { createRefusal } from "./create-refusal.ts";
import type { Decision, DecisionTiming, RefusedDecision, RequestDescription } from "./decision.ts";
import { createEquipper, type Equip, type Equipment } from "./equip-decision.ts";
import { HeaderReader, type HeaderReading } from "./header-reading.ts";
import { createIdentityDescriber, type DescribeIdentity } from "./identity-headers.ts";
import { createTokenJudge, type JudgeToken, type TokenJudgeSetup } from "./judge-token.ts";
import type { Judged, RefusedOutcome } from "./judged.ts";
import { refuse } from "./judged.ts";
import { readPreflight } from "./preflight.ts";
import {
  createNamespace,
  findConnectionAbuse,
  findMethodOverride,
  type IsInNamespace,
} from "./protected-headers.ts";
import { readRequest } from "./read-request.ts";
import type { UpstreamCredentials } from "./upstream-credentials.ts";

/** Decides about one request: at once, unless it has to wait for keys. Never throws and never rejects. */
export type Decide = (request: RequestDescription) => Decision | Promise<Decision>;

export interface DeciderSetup
  extends Partial<Pick<Configuration, "requirements" | "paths" | "methodOverride">> {
  readonly validator: TokenJudgeSetup["validator"];
  /** Default no issuer is asked. */
  readonly introspect?: TokenJudgeSetup["introspect"];
  /** Default nothing can be revoked. */
  readonly knowsRevocations?: TokenJudgeSetup["knowsRevocations"];
  /** Default every route records first uses in the validator's store. */
  readonly replayOf?: TokenJudgeSetup["replayOf"];
  /** What upstreams get beside the identity headers. Default nothing. */
  readonly credentials?: UpstreamCredentials | undefined;
  readonly routes: readonly RouteConfiguration[];
  /** For the aliases that requirements name, and for what challenges say of DPoP. Default none. */
  readonly issuers?: readonly Pick<IssuerOptions, "name" | "issuer" | "binding">[];
  readonly identityHeaders: IdentityHeadersConfiguration;
  /** Of the same prefix. Given where front doors read headers themselves, so that nobody reads them twice. */
  readonly headerReader?: HeaderReader;
  readonly resource?: ResourceConfiguration;
  readonly logger: OperationalLog;
  readonly clock: () => number;
  /** Decisions that wait for keys, and as many for credentials, at the same time; more are refused as `overloaded`. Default 1024. */
  readonly maxPending?: number;
}

const DEFAULT_MAX_PENDING = 1024;

/**
 * Compiles routes, requirements and identity headers into a decider.
 * @throws ConfigurationError where a requirement cannot be compiled.
 */
export function createDecider(setup: DeciderSetup): Decide {
  const core = new DecisionCore(setup);
  return (request) => core.decide(request);
}

class DecisionCore {
  readonly #setup: DeciderSetup;
  readonly #table: RouteTable;
  readonly #policies: readonly RoutePolicy[];
  readonly #isOwn: IsInNamespace;
  readonly #reader: HeaderReader;
  readonly #describeIdentity: DescribeIdentity;
  readonly #judgeToken: JudgeToken;
  readonly #equip: Equip | undefined;
  readonly #resourceMetadata: string | undefined;
  readonly #dpopOffer: DpopOffer;

  constructor(setup: DeciderSetup) {
    const { routes, requirements = {}, issuers = [], resource, maxPending = DEFAULT_MAX_PENDING } = setup;
    const { policies, problems } = compileRoutePolicies({ routes, requirements, issuers });
    const [problem, ...others] = problems;
    if (problem !== undefined) throw new ConfigurationError([problem, ...others]);
    this.#setup = setup;
    this.#table = createRouteTable(routes);
    this.#policies = policies;
    this.#isOwn = createNamespace(setup.identityHeaders.prefix);
    this.#reader = setup.headerReader ?? new HeaderReader(setup.identityHeaders.prefix);
    this.#describeIdentity = createIdentityDescriber(setup.identityHeaders);
    this.#judgeToken = createTokenJudge({
      validator: setup.validator,
      introspect: setup.introspect,
      knowsRevocations: setup.knowsRevocations,
      replayOf: setup.replayOf,
      maxPending,
    });
    this.#equip = setup.credentials && createEquipper(setup.credentials, maxPending);
    this.#resourceMetadata = resource && locateMetadata(resource).url;
    this.#dpopOffer = describeDpopOffer(issuers);
  }

  decide(request: RequestDescription): Decision | Promise<Decision> {
    const started = { at: this.#setup.clock(), ms: performance.now() };
    try {
      // Of another reader where the request was described under an earlier configuration.
      const reading =
        request.reading?.reader === this.#reader ? request.reading : this.#reader.readPairs(request.headers);
      const judged = this.#judge({ request, reading }, started.at);
      const concluded =
        judged instanceof Promise
          ? judged.then((settled) => this.#finish(settled, { request, reading, started }))
          : this.#finish(judged, { request, reading, started });
      if (!(concluded instanceof Promise)) return concluded;
      return concluded.catch((error: unknown) => this.#fail(error, started));
    } catch (error) {
      return this.#fail(error, started);
    }
  }

  #fail(error: unknown, started: Started): Decision {
    this.#setup.logger.error({ err: error }, "a defect in the decision core; the request was refused");
    const rejected = createRefusal("internal_error");
    return { allow: false, rejected, scopes: [], remove: [], timing: measure(started, undefined) };
  }

  #judge({ request, reading }: ReadRequest, now: number): Judged | Promise<Judged> {
    const read = readRequest(request, this.#setup.paths);
    if (!read.ok) return refuse(createRefusal("malformed_request", { found: read.problem }));
    const abuse = this.#findAbuse(reading, request.method);
    if (abuse !== undefined) return refuse(createRefusal("malformed_request", { found: abuse }));
    const preflighted = this.#findPreflighted(reading, read.query);
    if (preflighted !== undefined) {
      const outcome = { kind: "allowed", route: preflighted, verdict: undefined } as const;
      return { outcome, validationMs: undefined };
    }
    const match = this.#table.find(read.query);
    if (match.kind === "none") return refuseUnrouted(match);
    const { route, index } = match;
    const policy = this.#policies[index];
    if (policy === undefined) throw new TypeError("a route without a policy");
    if (route.allow === "anonymous" && !policy.watchesToken) {
      return { outcome: { kind: "allowed", route, verdict: undefined }, validationMs: undefined };
    }
    const { host, path, method } = read.query;
    const query = { host, path, method, scheme: request.scheme };
    return this.#judgeToken({ request, reading, query, route, policy, now });
  }

  #findAbuse(reading: HeaderReading, method: string): string | undefined {
    const { methodOverrides, repeated } = reading;
    const isConnectionNamed = reading.first("connection") !== undefined;
    return (
      (isConnectionNamed ? findConnectionAbuse(reading.values("connection"), this.#isOwn) : undefined) ??
      repeated ??
      (methodOverrides.length === 0 || this.#setup.methodOverride === "keep"
        ? undefined
        : findMethodOverride(methodOverrides, method))
    );
  }

  /** The route of the request that a preflight asks about, where it lets preflights pass. */
  #findPreflighted(reading: HeaderReading, query: RouteQuery): RouteConfiguration | undefined {
    const method = readPreflight(query.method, reading);
    if (method === undefined) return undefined;
    const match = this.#table.find({ ...query, method });
    return match.kind === "found" && match.route.preflight === "allow" ? match.route : undefined;
  }

  /** The decision, with what the upstream gets. */
  #finish(judged: Judged, asked: ReadRequest & { readonly started: Started }): Decision | Promise<Decision> {
    const decision = this.#conclude(judged, asked);
    if (this.#equip === undefined || !decision.allow) return decision;
    const { request, reading, started } = asked;
    const add = (equipment: Equipment): Decision => {
      const timing = measure(started, judged.validationMs);
      if (equipment.ok) {
        return { ...decision, identity: [...decision.identity, ...equipment.headers], timing };
      }
      const { remove, shadow } = decision;
      const outcome = { kind: "refused", scopes: [], ...equipment } as const;
      return { ...this.#describeRefusal(outcome), remove, timing, ...(shadow && { shadow }) };
    };
    const equipped = this.#equip({ decision, reading, isOngoing: request.isOngoing === true });
    return equipped instanceof Promise ? equipped.then(add) : add(equipped);
  }

  #conclude(judged: Judged, { reading, started }: { reading: HeaderReading; started: Started }): Decision {
    const { outcome, validationMs, shadow } = judged;
    const remove = reading.removable;
    const timing = measure(started, validationMs);
    const told = shadow === undefined ? { remove, timing } : { remove, timing, shadow };
    if (outcome.kind === "refused") return { ...this.#describeRefusal(outcome), ...told };
    const { route, verdict } = outcome;
    const identity = this.#describeIdentity(verdict);
    if (!identity.ok) {
      const expected =
        identity.problem === "too_long"
          ? `identity headers of a bounded length; ${identity.name} is longer`
          : `a claim that fits the encoding of ${identity.name}`;
      const issuer = verdict && { issuer: verdict.token.issuer };
      const rejected = createRefusal("policy_denied", { expected, ...issuer });
      return { ...this.#describeRefusal({ kind: "refused", rejected, scopes: [] }), ...told };
    }
    const { headers } = identity;
    if (verdict === undefined) return { allow: true, route, identity: headers, ...told };
    // The usual one, put together at once.
    if (shadow === undefined) return { allow: true, route, verdict, identity: headers, remove, timing };
    return { allow: true, route, verdict, identity: headers, ...told };
  }

  #describeRefusal(
    outcome: RefusedOutcome,
  ): Pick<RefusedDecision, "allow" | "rejected" | "scopes" | "challenge"> {
    const { rejected, scopes, stepUp, scheme } = outcome;
    const resourceMetadata = this.#resourceMetadata;
    const challenge = {
      ...stepUp,
      ...(resourceMetadata !== undefined && { resourceMetadata }),
      ...this.#dpopOffer,
      ...(scheme !== undefined && { scheme }),
    };
    return { allow: false, rejected, scopes, challenge };
  }
}

function measure(started: Started, validationMs: number | undefined): DecisionTiming {
  return { startedAt: started.at, durationMs: performance.now() - started.ms, validationMs };
}

interface ReadRequest {
  readonly request: RequestDescription;
  readonly reading: HeaderReading;
}

interface Started {
  readonly at: number;
  readonly ms: number;
}

const EXPECTED = {
  no_route: "a route for this host and path",
  no_method: "a route of this host and path for this method",
} as const;

function refuseUnrouted({ problem }: Extract<RouteMatch, { readonly kind: "none" }>): Judged {
  return refuse(createRefusal("policy_denied", { expected: EXPECTED[problem] }));
}
