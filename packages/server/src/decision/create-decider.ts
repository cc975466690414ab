/** The decision core: one for all front doors. It refuses whatever it cannot decide. */

import type { IssuerOptions } from "countersign";
import { ConfigurationError } from "countersign";

import type {
  Configuration,
  IdentityHeadersConfiguration,
  ResourceConfiguration,
  RouteConfiguration,
} from "../config/configuration.ts";
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
import { createIdentityDescriber, type DescribeIdentity } from "./identity-headers.ts";
import { createTokenJudge, type JudgeToken, type TokenJudgeSetup } from "./judge-token.ts";
import type { Judged, RefusedOutcome } from "./judged.ts";
import { refuse } from "./judged.ts";
import { readPreflight } from "./preflight.ts";
import {
  createNamespace,
  findConnectionAbuse,
  findMethodOverride,
  findRepeatedHeader,
  type IsInNamespace,
  isProxyHeader,
} from "./protected-headers.ts";
import { readRequest } from "./read-request.ts";

/** Decides about one request. Never throws and never rejects. */
export type Decide = (request: RequestDescription) => Promise<Decision>;

export interface DeciderSetup
  extends Partial<Pick<Configuration, "requirements" | "paths" | "methodOverride">> {
  readonly validator: TokenJudgeSetup["validator"];
  readonly routes: readonly RouteConfiguration[];
  /** For the aliases that requirements name. Default none. */
  readonly issuers?: readonly Pick<IssuerOptions, "name" | "issuer">[];
  readonly identityHeaders: IdentityHeadersConfiguration;
  readonly resource?: ResourceConfiguration;
  readonly logger: OperationalLog;
  readonly clock: () => number;
  /** Decisions that wait for keys at the same time; more are refused as `overloaded`. Default 1024. */
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
  readonly #describeIdentity: DescribeIdentity;
  readonly #judgeToken: JudgeToken;
  readonly #resourceMetadata: string | undefined;

  constructor(setup: DeciderSetup) {
    const { routes, requirements = {}, issuers = [], resource } = setup;
    const { policies, problems } = compileRoutePolicies({ routes, requirements, issuers });
    const [problem, ...others] = problems;
    if (problem !== undefined) throw new ConfigurationError([problem, ...others]);
    this.#setup = setup;
    this.#table = createRouteTable(routes);
    this.#policies = policies;
    this.#isOwn = createNamespace(setup.identityHeaders.prefix);
    this.#describeIdentity = createIdentityDescriber(setup.identityHeaders);
    this.#judgeToken = createTokenJudge({
      validator: setup.validator,
      maxPending: setup.maxPending ?? DEFAULT_MAX_PENDING,
    });
    this.#resourceMetadata = resource && locateMetadata(resource).url;
  }

  async decide(request: RequestDescription): Promise<Decision> {
    const started = { at: this.#setup.clock(), ms: performance.now() };
    try {
      return this.#conclude(await this.#judge(request, started.at), request, started);
    } catch (error) {
      this.#setup.logger.error({ err: error }, "a defect in the decision core; the request was refused");
      const rejected = createRefusal("internal_error");
      return { allow: false, rejected, scopes: [], remove: [], timing: measure(started, undefined) };
    }
  }

  async #judge(request: RequestDescription, now: number): Promise<Judged> {
    const reading = readRequest(request, this.#setup.paths);
    if (!reading.ok) return refuse(createRefusal("malformed_request", { found: reading.problem }));
    const abuse = this.#findAbuse(request);
    if (abuse !== undefined) return refuse(createRefusal("malformed_request", { found: abuse }));
    const preflighted = this.#findPreflighted(request, reading.query);
    if (preflighted !== undefined) {
      const outcome = { kind: "allowed", route: preflighted, verdict: undefined } as const;
      return { outcome, validationMs: undefined };
    }
    const match = this.#table.find(reading.query);
    if (match.kind === "none") return refuseUnrouted(match);
    const { route, index } = match;
    const policy = this.#policies[index];
    if (policy === undefined) throw new TypeError("a route without a policy");
    if (route.allow === "anonymous" && !policy.watchesToken) {
      return { outcome: { kind: "allowed", route, verdict: undefined }, validationMs: undefined };
    }
    const query = { ...reading.query, scheme: request.scheme };
    return this.#judgeToken({ request, query, route, policy, now });
  }

  #findAbuse({ headers, method }: RequestDescription): string | undefined {
    return (
      findConnectionAbuse(headers, this.#isOwn) ??
      findRepeatedHeader(headers, this.#isOwn) ??
      (this.#setup.methodOverride === "keep" ? undefined : findMethodOverride(headers, method))
    );
  }

  /** The route of the request that a preflight asks about, where it lets preflights pass. */
  #findPreflighted(request: RequestDescription, query: RouteQuery): RouteConfiguration | undefined {
    const method = readPreflight(request);
    if (method === undefined) return undefined;
    const match = this.#table.find({ ...query, method });
    return match.kind === "found" && match.route.preflight === "allow" ? match.route : undefined;
  }

  #conclude(judged: Judged, request: RequestDescription, started: Started): Decision {
    const { outcome, validationMs, shadow } = judged;
    const names = request.headers.map(([name]) => name);
    const remove = names.filter((name) => this.#isOwn(name) || isProxyHeader(name));
    const told = { remove, timing: measure(started, validationMs), ...(shadow && { shadow }) };
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
    return { allow: true, route, ...(verdict && { verdict }), identity: identity.headers, ...told };
  }

  #describeRefusal(
    outcome: RefusedOutcome,
  ): Pick<RefusedDecision, "allow" | "rejected" | "scopes" | "challenge"> {
    const { rejected, scopes, stepUp } = outcome;
    const resourceMetadata = this.#resourceMetadata;
    const challenge = { ...stepUp, ...(resourceMetadata !== undefined && { resourceMetadata }) };
    return { allow: false, rejected, scopes, challenge };
  }
}

function measure(started: Started, validationMs: number | undefined): DecisionTiming {
  return { startedAt: started.at, durationMs: performance.now() - started.ms, validationMs };
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
