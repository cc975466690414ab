import type { RuleGroup } from "../alert-rule.ts";
import type { Times } from "../times.ts";

const VALIDATIONS = "countersign_validations_total";
/** Below so many tokens a second a share says little. */
const LEAST_RATE = 0.2;
const EXPLAIN = [
  "Let one of the refused tokens be explained, from a file: it prints what was expected and what was found",
  "explain-token",
] as const;
const CHECK = [
  "Did the configuration change? Compare what is meant with what is in force",
  "check-configuration",
] as const;
const RELOAD_BACK =
  "Put the file before the change back: it is read again at once, and refused whole where it is wrong.";

/** The share of an issuer's tokens that is refused for one of the reasons. */
function writeShare(
  reasons: string,
  { above, seconds }: { readonly above: number; readonly seconds: number },
): (times: Times) => string {
  return ({
    window,
  }) => `sum by (job, issuer) (rate(${VALIDATIONS}{reason=~"${reasons}"}[${window(seconds)}]))
  / sum by (job, issuer) (rate(${VALIDATIONS}[${window(seconds)}])) > ${above}
  and sum by (job, issuer) (rate(${VALIDATIONS}[${window(seconds)}])) > ${LEAST_RATE}`;
}

export const REQUEST_ALERTS: RuleGroup = {
  name: "requests",
  title: "Requests",
  about: `Refusals that are the client's fault one by one, and ours or an attack when they are many. None of them spends an
error budget.`,
  alerts: [
    {
      name: "CountersignSignatureInvalidSpike",
      severity: "warning",
      // "unless" and not "and >": a series without a past is no reason to stay silent.
      expression: ({
        window,
      }) => `sum by (job, issuer) (rate(${VALIDATIONS}{reason="signature_invalid"}[${window(300)}])) > 1
  unless
sum by (job, issuer) (rate(${VALIDATIONS}{reason="signature_invalid"}[${window(300)}]))
  <= 5 * sum by (job, issuer) (rate(${VALIDATIONS}{reason="signature_invalid"}[${window(3600)}] offset ${window(600)}))`,
      forSeconds: 120,
      summary: "Many more signatures than usual do not verify.",
      description:
        "{{ $value | humanize }} tokens a second under the name of {{ $labels.issuer }} have a signature that does not fit its key: forged, damaged on the way, or signed with another key under a known kid.",
      runbook: {
        meaning: "More than one token a second has a wrong signature, five times as many as an hour ago.",
        impact:
          "None of them is accepted. Where the issuer signs with new material under an old kid, its users are refused.",
        diagnosis: [
          EXPLAIN,
          ["Does the issuer publish the key that it signs with?", "ask-issuer"],
          "One source address or client: an attack or a broken client. All of an issuer's: its keys.",
        ],
        mitigation: [
          "New material under an old kid: let the issuer publish it under a kid of its own; ours fetches keys again at once, within its limits.",
          "An attack: limit its addresses at the edge. Verifying is bounded, and what is shed is answered 503.",
        ],
        rollback: "Take limits at the edge back when it has ended.",
      },
    },
    {
      name: "CountersignExpiredRateHigh",
      severity: "warning",
      expression: writeShare("token_expired", { above: 0.1, seconds: 600 }),
      forSeconds: 600,
      summary: "Many tokens of an issuer have expired.",
      description:
        "{{ $value | humanizePercentage }} of the tokens of {{ $labels.issuer }} have expired when they come.",
      runbook: {
        meaning: "More than a tenth of an issuer's tokens had expired, for ten minutes.",
        impact: "Clients are refused with 401 until they have a new token.",
        diagnosis: [
          "`countersign_token_expired_age_seconds` tells which: under a minute is a matter of clocks, hours are clients that keep old tokens.",
          ["Clocks and lifetimes", "examine"],
        ],
        mitigation: [
          "Clocks: see CountersignClockSkew.",
          "Clients: they have to refresh before `exp`. A longer lifetime at the issuer gives time, at the price of later revocation.",
        ],
        rollback: "Shorten the lifetime again once the clients are mended.",
      },
    },
    {
      name: "CountersignTokensFromFuture",
      severity: "warning",
      expression: writeShare("token_not_yet_valid|issued_in_future", { above: 0.01, seconds: 300 }),
      forSeconds: 120,
      summary: "Tokens come from the future: a clock is wrong.",
      description:
        "{{ $value | humanizePercentage }} of the tokens of {{ $labels.issuer }} begin or were issued later than our clock says, beyond the tolerance.",
      runbook: {
        meaning: "The issuer's clock is ahead of ours by more than the tolerance, or ours is behind.",
        impact: "Fresh tokens are refused with 401, and accepted some seconds later.",
        diagnosis: [
          ["How far are the clocks apart?", "examine"],
          "`countersign_clock_skew_seconds` by instance: one instance is that machine's clock, all of them are the issuer's.",
        ],
        mitigation: [
          ["On the machine whose clock is wrong", "step-clock"],
          "Until then take the instance out of the load balancer; do not raise the tolerance: it is as much for those who replay.",
        ],
        rollback: "Put the instance back.",
      },
    },
    {
      name: "CountersignAudienceMismatchSpike",
      severity: "warning",
      expression: writeShare("audience_mismatch", { above: 0.2, seconds: 600 }),
      forSeconds: 300,
      summary: "Many tokens of an issuer are for somebody else.",
      description:
        "{{ $value | humanizePercentage }} of the tokens of {{ $labels.issuer }} name no audience that is expected here.",
      runbook: {
        meaning:
          "More than a fifth of an issuer's tokens have an audience that the configuration does not list.",
        impact: "These clients are refused. None gets in with a token for another API.",
        diagnosis: [
          EXPLAIN,
          CHECK,
          "Otherwise a client asks for tokens of a sibling API, or the issuer's resource was renamed.",
        ],
        mitigation: [
          "Our list is wrong: correct `audiences`; the file is read again at once.",
          "The client is wrong: it has to ask for a token for this API. Do not add the sibling's audience here.",
        ],
        rollback: RELOAD_BACK,
      },
    },
    {
      name: "CountersignReplayDetected",
      severity: "warning",
      expression: ({ window }) =>
        `sum by (job, issuer) (increase(${VALIDATIONS}{reason="token_replayed"}[${window(300)}])) > 5`,
      summary: "Tokens or proofs that may be used once come again.",
      description:
        "{{ $value | humanize }} tokens or proofs of {{ $labels.issuer }} came a second time within five minutes. The audit trail has whose.",
      runbook: {
        meaning:
          "What may be used once was used again: stolen, or sent again by a client or a gateway that repeats requests.",
        impact: "The second use is refused, on whatever instance.",
        diagnosis: [
          "Events `token.rejected` with reason `token_replayed` in the audit trail: one subject from two addresses is theft, one address is a retry.",
          ["Is the trail whole?", "verify-trail"],
        ],
        mitigation: [
          ["Theft: end the subject's tokens", "end-subject"],
          "A retry: a gateway must not repeat requests on routes with `singleUse`.",
        ],
        rollback: ["It was a retry and no theft: take the revocation back", "lift-revocation"],
      },
    },
    {
      name: "CountersignMalformedFlood",
      severity: "warning",
      expression: ({ window }) =>
        `sum by (job) (rate(${VALIDATIONS}{reason=~"malformed_request|malformed_token|token_too_large|algorithm_not_allowed"}[${window(300)}])) > 50`,
      forSeconds: 300,
      summary: "A flood of what is no token.",
      description:
        "{{ $value | humanize }} requests a second bring something that is no token, is too large or has an algorithm of attacks.",
      runbook: {
        meaning: "More than fifty requests a second bring credentials that no client of ours would send.",
        impact:
          "They are refused before any key is used, which costs microseconds. Their number is the load.",
        diagnosis: [
          "`countersign_validations_total` by reason; `nodejs_eventloop_lag_p99_seconds` says whether it hurts.",
          "The gateway's access log has the addresses; ours never has a token.",
        ],
        mitigation: ["Limit the addresses at the edge. Nothing has to be changed here."],
        rollback: "Take the limits at the edge back when it has ended.",
      },
    },
    {
      name: "CountersignLoadShed",
      severity: "warning",
      expression: ({ window }) =>
        `sum by (job, instance, cause) (rate(countersign_load_shed_total[${window(300)}])) > 0.1`,
      forSeconds: 120,
      summary: "An instance refuses requests because there are too many.",
      description:
        "{{ $labels.instance }} answers {{ $value | humanize }} requests a second with 503, because of {{ $labels.cause }}.",
      runbook: {
        meaning:
          "The instance protects itself: its event loop is late, or there are more requests or connections than it may have.",
        impact: "Those requests get 503 with Retry-After, never 401. They spend the error budget.",
        diagnosis: [
          "The label `cause`, then CountersignCryptoCpuHigh and CountersignEventLoopLag.",
          ["Is the instance ready?", "ask-readiness"],
        ],
        mitigation: ["Add instances or workers (`workers`), or limit whoever sends too much at the edge."],
        rollback: "Take the instances away when the load has gone.",
      },
    },
  ],
};
