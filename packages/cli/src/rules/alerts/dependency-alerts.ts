import type { RuleGroup } from "../alert-rule.ts";

const DOCTOR = ["Which dependency does not answer?", "examine-production"] as const;
const NOTHING = "Nothing is changed that has to be taken back.";
const INTROSPECTIONS = "countersign_introspections_total";
const AUDIT_LOSS = 'countersign_audit_events_total{result="dropped"}';

export const DEPENDENCY_ALERTS: RuleGroup = {
  name: "dependencies",
  title: "Dependencies",
  about: "What the sidecar asks, and what it writes to.",
  alerts: [
    {
      name: "CountersignCannotJudge",
      severity: "critical",
      expression: ({
        window,
      }) => `sum by (job, issuer, reason) (rate(countersign_validations_total{fault="system"}[${window(120)}]))
  / on (job, issuer) group_left ()
sum by (job, issuer) (rate(countersign_validations_total[${window(120)}])) > 0.05`,
      forSeconds: 60,
      summary: "Tokens are answered 503 because they cannot be checked.",
      description:
        "{{ $value | humanizePercentage }} of the tokens of {{ $labels.issuer }} cannot be judged: {{ $labels.reason }}.",
      runbook: {
        meaning:
          "Something that a decision needs is away. The label `reason` says what, as the reference of reasons does.",
        impact: "Good clients get 503 with Retry-After. Nobody gets in unchecked.",
        diagnosis: [
          "`keys_…`: CountersignJwksExpiring. `revocation_unavailable`, `replay_store_unavailable`: the store. `introspection_unavailable`: the issuer. `policy_unavailable`: the policy engine. `overloaded`: CountersignLoadShed.",
          DOCTOR,
          ["What does the instance say?", "ask-readiness"],
        ],
        mitigation: [
          "Bring the dependency back, or the way to it.",
          "`localReplaySeconds` and `maxStaleSeconds` bridge short outages, where you decided so before; do not begin with it in one.",
        ],
        rollback: NOTHING,
      },
    },
    {
      name: "CountersignIntrospectionSlow",
      severity: "warning",
      expression: ({ window }) => `histogram_quantile(0.99,
  sum by (job, issuer, le) (rate(countersign_introspection_duration_seconds_bucket[${window(600)}]))) > 0.5`,
      forSeconds: 600,
      summary: "An issuer is slow to answer about tokens.",
      description:
        "One in a hundred questions to {{ $labels.issuer }} takes longer than {{ $value | humanizeDuration }}.",
      runbook: {
        meaning: "The 99th percentile of introspection is above half a second.",
        impact: "Requests with opaque tokens wait as long; past the timeout they get 503.",
        diagnosis: [
          ["DNS, TLS and HTTP with times", "ask-issuer"],
          "Waiting for a turn counts: too few connections for the rate look like a slow issuer.",
        ],
        mitigation: [
          "Remember answers for longer (`cacheSeconds`), knowing that a revocation is seen as much later.",
        ],
        rollback: "Put the time back when the issuer is quick again.",
      },
    },
    {
      name: "CountersignIntrospectionFailing",
      severity: "critical",
      expression: ({
        window,
      }) => `sum by (job, issuer) (rate(${INTROSPECTIONS}{result!~"active|inactive"}[${window(300)}]))
  / sum by (job, issuer) (rate(${INTROSPECTIONS}[${window(300)}])) > 0.1`,
      forSeconds: 120,
      summary: "Questions about tokens get no usable answer.",
      description: "{{ $value | humanizePercentage }} of the questions to {{ $labels.issuer }} fail.",
      runbook: {
        meaning:
          "More than a tenth of the questions failed; `countersign_introspections_total` by `result` says how.",
        impact: "Opaque tokens without a remembered answer get 503.",
        diagnosis: [
          DOCTOR,
          "`auth_error`: our client's secret or key was changed there. `breaker_open`: it failed before and is left alone for a while.",
        ],
        mitigation: ["Mend what `result` names; a new secret in its file is read with the next reload."],
        rollback: NOTHING,
      },
    },
    {
      name: "CountersignReplayStoreLost",
      severity: "warning",
      expression: () => "countersign_replay_store_lost == 1",
      forSeconds: 60,
      summary: "Uses are remembered on one machine only.",
      description:
        "{{ $labels.instance }} cannot reach the replay store, and goes on by its own memory on routes that may.",
      runbook: {
        meaning: "Routes with `localReplaySeconds` go on without the store for that many seconds.",
        impact: "A token that may be used once could be used once on each instance.",
        diagnosis: [DOCTOR],
        mitigation: ["Bring the store back. When the time is over these routes answer 503 by themselves."],
        rollback:
          '`countersign_replay_exceptions_total{outcome="known_elsewhere"}` counts what was used twice; the log names it.',
      },
    },
    {
      name: "CountersignStatusListsFailing",
      severity: "warning",
      expression: ({
        window,
      }) => `sum by (job, issuer) (increase(countersign_status_list_fetches_total{result!="success"}[${window(600)}]))
  / sum by (job, issuer) (increase(countersign_status_list_fetches_total[${window(600)}])) > 0.5`,
      forSeconds: 300,
      summary: "An issuer's status lists cannot be had.",
      description:
        "{{ $value | humanizePercentage }} of the fetches of status lists of {{ $labels.issuer }} fail.",
      runbook: {
        meaning: "More than half of the fetches failed in ten minutes.",
        impact: "When the copy has ended, tokens that name a list are answered 503.",
        diagnosis: [DOCTOR, "`countersign_status_list_fetches_total` by `result`; the log has the rest."],
        mitigation: ["Bring the way to the list back; its address stands in the tokens of the issuer."],
        rollback: NOTHING,
      },
    },
    {
      name: "CountersignSignalPollStale",
      severity: "warning",
      expression: ({ age }) =>
        `time() - countersign_signal_poll_last_success_timestamp_seconds > ${age(600, 30)}`,
      forSeconds: 60,
      summary: "A transmitter of security events does not answer.",
      description:
        "{{ $labels.source }} last answered {{ $labels.instance }} {{ $value | humanizeDuration }} ago.",
      runbook: {
        meaning: "Polling for security events has failed for ten minutes.",
        impact: "Sessions that were ended there stay valid here until their tokens end.",
        diagnosis: [DOCTOR, "`countersign_signal_polls_total` by `result`."],
        mitigation: ["Bring the transmitter back; events that waited come with the next poll."],
        rollback: NOTHING,
      },
    },
    {
      name: "CountersignAuditLoss",
      severity: "critical",
      // A series that appears with its first loss has not increased.
      expression: ({ window }) => `sum by (job, instance, output) (
  increase(${AUDIT_LOSS}[${window(300)}]) > 0
    or
  (${AUDIT_LOSS} > 0 unless ${AUDIT_LOSS} offset ${window(300)})
)`,
      summary: "Events of the audit trail are lost.",
      description: "{{ $labels.instance }} has lost {{ $value | humanize }} events for {{ $labels.output }}.",
      runbook: {
        meaning: "An output did not take events for so long that the queue was full.",
        impact:
          "Requests are judged as before. What was lost is counted, and missing in that output for good.",
        diagnosis: [
          "Disk full, or a collector that does not answer: the log names it.",
          ["Is what was written whole?", "verify-trail"],
        ],
        mitigation: [["Make room where the trail is written", "see-space"], "Bring the collector back."],
        rollback: NOTHING,
      },
    },
  ],
};
