/** The decision core: one for all front doors. It refuses whatever it cannot decide. */

import type { Rejected, Validator, Verdict } from "countersign";
import { extractBearer, rejectExtraction } from "countersign/http";

import type { IdentityHeadersConfiguration, RouteConfiguration } from "../config/configuration.ts";
import { createRouteTable } from "../config/route-table.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import { createRefusal } from "./create-refusal.ts";
import type { Decision, DecisionTiming, RequestDescription } from "./decision.ts";
import { createIdentityDescriber } from "./identity-headers.ts";
import { createNamespace, findConnectionAbuse, isProxyHeader } from "./protected-headers.ts";
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
  | { readonly kind: "allowed"; readonly route: RouteConfiguration; readonly verdict: Verdict | undefined }
  | { readonly kind: "refused"; readonly rejected: Rejected; readonly scopes: readonly string[] };

/** Compiles routes and identity headers into a decider. */
export function createDecider(setup: DeciderSetup): Decide {
  const { validator, identityHeaders, logger, clock, maxPending = DEFAULT_MAX_PENDING } = setup;
  const table = createRouteTable(setup.routes);
  const isOwn = createNamespace(identityHeaders.prefix);
  const describeIdentity = createIdentityDescriber(identityHeaders);
  let pending = 0;

  async function judge(request: RequestDescription): Promise<Judged> {
    const reading = readRequest(request);
    if (!reading.ok) return refuse(createRefusal("malformed_request", { found: reading.problem }));
    const abuse = findConnectionAbuse(request.headers, isOwn) ?? findRepeatedCredential(request.headers);
    if (abuse !== undefined) return refuse(createRefusal("malformed_request", { found: abuse }));
    const match = table.find(reading.query);
    if (match.kind === "none") return refuse(createRefusal("policy_denied", { expected: EXPECTED[match.problem] }));
    if (match.route.allow === "anonymous") {
      return { outcome: { kind: "allowed", route: match.route, verdict: undefined }, validationMs: undefined };
    }
    return judgeToken(request, match.route);
  }

  async function judgeToken(request: RequestDescription, route: RouteConfiguration): Promise<Judged> {
    const scopes = route.scopes ?? [];
    const extraction = extractBearer(request.headers);
    if (extraction.kind !== "token") return refuse(rejectExtraction(extraction), scopes);
    // Without a check of the proof, a DPoP credential is one that is not understood here.
    if (extraction.scheme !== "Bearer") return refuse(rejectExtraction({ kind: "absent" }), scopes);
    if (pending >= maxPending) {
      return refuse(createRefusal("overloaded", { retryAfterSeconds: OVERLOAD_RETRY_SECONDS }), scopes);
    }
    pending += 1;
    const startedMs = performance.now();
    try {
      const verdict = await validator.validate(extraction.token);
      const validationMs = performance.now() - startedMs;
      const rejected = verdict.ok ? checkAccepted(verdict, scopes) : verdict;
      if (rejected !== undefined) return { outcome: { kind: "refused", rejected, scopes }, validationMs };
      return { outcome: { kind: "allowed", route, verdict }, validationMs };
    } finally {
      pending -= 1;
    }
  }

  function conclude({ outcome, validationMs }: Judged, request: RequestDescription, started: Started): Decision {
    const remove = request.headers.map(([name]) => name).filter((name) => isOwn(name) || isProxyHeader(name));
    const timing = (): DecisionTiming => ({
      startedAt: started.at,
      durationMs: performance.now() - started.ms,
      validationMs,
    });
    if (outcome.kind === "refused") {
      return { allow: false, rejected: outcome.rejected, scopes: outcome.scopes, remove, timing: timing() };
    }
    const { route, verdict } = outcome;
    const accepted = verdict?.ok === true ? verdict : undefined;
    const identity = describeIdentity(accepted);
    if (!identity.ok) {
      const expected = `identity headers of a bounded length; ${identity.name} is longer`;
      const rejected = createRefusal("policy_denied", { expected, ...(accepted && { issuer: accepted.token.issuer }) });
      return { allow: false, rejected, scopes: [], remove, timing: timing() };
    }
    const base = { allow: true, route, identity: identity.headers, remove, timing: timing() } as const;
    return accepted === undefined ? base : { ...base, verdict: accepted };
  }

  return async (request) => {
    const started = { at: clock(), ms: performance.now() };
    try {
      return conclude(await judge(request), request, started);
    } catch (error) {
      logger.error({ err: error }, "a defect in the decision core; the request was refused");
      const timing = { startedAt: started.at, durationMs: performance.now() - started.ms, validationMs: undefined };
      return { allow: false, rejected: createRefusal("internal_error"), scopes: [], remove: [], timing };
    }
  };
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
function checkAccepted(verdict: Extract<Verdict, { ok: true }>, scopes: readonly string[]): Rejected | undefined {
  const { token, principal } = verdict;
  // A bound token without its proof is a bearer downgrade (RFC 9449 section 7.2, RFC 8705 section 3).
  if (token.claims["cnf"] !== undefined) return createRefusal("binding_missing", { issuer: token.issuer });
  const missing = scopes.filter((scope) => !principal.scopes.includes(scope));
  if (missing.length === 0) return undefined;
  return createRefusal("scope_insufficient", { expected: missing.join(" "), issuer: token.issuer });
}

/** Also on anonymous routes: which of two an upstream reads is anybody's guess. */
function findRepeatedCredential(headers: RequestDescription["headers"]): string | undefined {
  const count = headers.filter(([name]) => name.toLowerCase() === "authorization").length;
  return count > 1 ? "more than one Authorization header" : undefined;
}
