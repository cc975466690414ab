/** The decision core: one for all front doors. It refuses whatever it cannot decide. */

import type { Accepted, Rejected, Validator } from "countersign";
import { extractBearer, rejectExtraction } from "countersign/http";

import type { IdentityHeadersConfiguration, RouteConfiguration } from "../config/configuration.ts";
import { createRouteTable, type RouteTable } from "../config/route-table.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import { createRefusal } from "./create-refusal.ts";
import type { Decision, DecisionTiming, RequestDescription } from "./decision.ts";
import { createIdentityDescriber, type DescribeIdentity } from "./identity-headers.ts";
import {
  createNamespace,
  findConnectionAbuse,
  type IsInNamespace,
  isProxyHeader,
} from "./protected-headers.ts";
import { readRequest } from "./read-request.ts";

/** Decides about one request. Never throws and never rejects. */
export type Decide = (request: RequestDescription) => Promise<Decision>;

export interface DeciderSetup {
  readonly validator: Pick<Validator, "validate">;
  readonly routes: readonly RouteConfiguration[];
  readonly identityHeaders: IdentityHeadersConfiguration;
  readonly logger: OperationalLog;
  readonly clock: () => number;
  /** Decisions that wait for keys at the same time; more are refused as `overloaded`. Default 1024. */
  readonly maxPending?: number;
}

const DEFAULT_MAX_PENDING = 1024;
const OVERLOAD_RETRY_SECONDS = 1;

interface Judged {
  readonly outcome: Outcome;
  readonly validationMs: number | undefined;
}

type Outcome =
  | { readonly kind: "allowed"; readonly route: RouteConfiguration; readonly verdict: Accepted | undefined }
  | { readonly kind: "refused"; readonly rejected: Rejected; readonly scopes: readonly string[] };

/** Compiles routes and identity headers into a decider. */
export function createDecider(setup: DeciderSetup): Decide {
  const core = new DecisionCore(setup);
  return (request) => core.decide(request);
}

class DecisionCore {
  readonly #setup: DeciderSetup;
  readonly #table: RouteTable;
  readonly #isOwn: IsInNamespace;
  readonly #describeIdentity: DescribeIdentity;
  readonly #maxPending: number;
  #pending = 0;

  constructor(setup: DeciderSetup) {
    this.#setup = setup;
    this.#table = createRouteTable(setup.routes);
    this.#isOwn = createNamespace(setup.identityHeaders.prefix);
    this.#describeIdentity = createIdentityDescriber(setup.identityHeaders);
    this.#maxPending = setup.maxPending ?? DEFAULT_MAX_PENDING;
  }

  async decide(request: RequestDescription): Promise<Decision> {
    const started = { at: this.#setup.clock(), ms: performance.now() };
    try {
      return this.#conclude(await this.#judge(request), request, started);
    } catch (error) {
      this.#setup.logger.error({ err: error }, "a defect in the decision core; the request was refused");
      const rejected = createRefusal("internal_error");
      return { allow: false, rejected, scopes: [], remove: [], timing: measure(started, undefined) };
    }
  }

  async #judge(request: RequestDescription): Promise<Judged> {
    const reading = readRequest(request);
    if (!reading.ok) return refuse(createRefusal("malformed_request", { found: reading.problem }));
    const abuse =
      findConnectionAbuse(request.headers, this.#isOwn) ?? findRepeatedCredential(request.headers);
    if (abuse !== undefined) return refuse(createRefusal("malformed_request", { found: abuse }));
    const match = this.#table.find(reading.query);
    if (match.kind === "none") {
      return refuse(createRefusal("policy_denied", { expected: EXPECTED[match.problem] }));
    }
    if (match.route.allow === "authenticated") return this.#judgeToken(request, match.route);
    return { outcome: { kind: "allowed", route: match.route, verdict: undefined }, validationMs: undefined };
  }

  async #judgeToken(request: RequestDescription, route: RouteConfiguration): Promise<Judged> {
    const scopes = route.scopes ?? [];
    const extraction = extractBearer(request.headers);
    if (extraction.kind !== "token") return refuse(rejectExtraction(extraction), scopes);
    // Without a check of the proof, a DPoP credential is one that is not understood here.
    if (extraction.scheme !== "Bearer") return refuse(rejectExtraction({ kind: "absent" }), scopes);
    if (this.#pending >= this.#maxPending) {
      return refuse(createRefusal("overloaded", { retryAfterSeconds: OVERLOAD_RETRY_SECONDS }), scopes);
    }
    this.#pending += 1;
    const startedMs = performance.now();
    try {
      const verdict = await this.#setup.validator.validate(extraction.token);
      const validationMs = performance.now() - startedMs;
      if (!verdict.ok) return { outcome: { kind: "refused", rejected: verdict, scopes }, validationMs };
      const rejected = checkAccepted(verdict, scopes);
      if (rejected !== undefined) return { outcome: { kind: "refused", rejected, scopes }, validationMs };
      return { outcome: { kind: "allowed", route, verdict }, validationMs };
    } finally {
      this.#pending -= 1;
    }
  }

  #conclude({ outcome, validationMs }: Judged, request: RequestDescription, started: Started): Decision {
    const names = request.headers.map(([name]) => name);
    const remove = names.filter((name) => this.#isOwn(name) || isProxyHeader(name));
    if (outcome.kind === "refused") {
      const { rejected, scopes } = outcome;
      return { allow: false, rejected, scopes, remove, timing: measure(started, validationMs) };
    }
    const { route, verdict } = outcome;
    const identity = this.#describeIdentity(verdict);
    if (!identity.ok) {
      const expected = `identity headers of a bounded length; ${identity.name} is longer`;
      const rejected = createRefusal("policy_denied", {
        expected,
        ...(verdict && { issuer: verdict.token.issuer }),
      });
      return { allow: false, rejected, scopes: [], remove, timing: measure(started, validationMs) };
    }
    const timing = measure(started, validationMs);
    return { allow: true, route, ...(verdict && { verdict }), identity: identity.headers, remove, timing };
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

function refuse(rejected: Rejected, scopes: readonly string[] = []): Judged {
  return { outcome: { kind: "refused", rejected, scopes }, validationMs: undefined };
}

/** What routes ask of a token that the engine accepted; undefined where all is given. */
function checkAccepted(verdict: Accepted, scopes: readonly string[]): Rejected | undefined {
  const { token, principal } = verdict;
  const missing = scopes.filter((scope) => !principal.scopes.includes(scope));
  if (missing.length === 0) return undefined;
  return createRefusal("scope_insufficient", { expected: missing.join(" "), issuer: token.issuer });
}

/** Also on anonymous routes: which of two an upstream reads is anybody's guess. */
function findRepeatedCredential(headers: RequestDescription["headers"]): string | undefined {
  const count = headers.filter(([name]) => name.toLowerCase() === "authorization").length;
  return count > 1 ? "more than one Authorization header" : undefined;
}
