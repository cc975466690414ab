import type { RuleGroup } from "../alert-rule.ts";

const ISSUER = [
  "Ask the issuer step by step, from where the instance stands: DNS, TLS, metadata, keys",
  "ask-issuer",
] as const;
const HELD = ["What each instance holds: hash, kids, ages", "see-held-keys"] as const;
const DOCTOR = ["Clocks and issuers", "examine"] as const;
const FETCH_FAILURES = 'countersign_jwks_fetches_total{result!~"success|not_modified"}';
const CLOCK = {
  impact: "Beyond the tolerance good tokens are refused, or tokens live longer than they should.",
  diagnosis: [DOCTOR, "One instance: its machine. All instances about one source: the source."],
  mitigation: [
    ["On the machine whose clock is wrong", "step-clock"],
    "Take an instance whose clock stays wrong out of the load balancer.",
  ],
  rollback: "Put the instance back once the skew is near zero.",
} as const;

export const KEY_ALERTS: RuleGroup = {
  name: "keys",
  title: "Keys and clocks",
  about: "The keys of issuers as verifiers have them, and the clocks of both.",
  alerts: [
    {
      name: "CountersignUnknownKid",
      severity: "critical",
      isHushedByRotation: true,
      expression: ({
        window,
      }) => `sum by (job, issuer) (rate(countersign_unknown_kid_total{outcome!="refetch_hit"}[${window(120)}]))
  / sum by (job, issuer) (rate(countersign_validations_total[${window(120)}])) > 0.05`,
      forSeconds: 60,
      summary: "Tokens are signed with a key that the issuer does not publish.",
      description:
        "{{ $value | humanizePercentage }} of the tokens of {{ $labels.issuer }} name a key that its key set does not have, also after it was fetched again.",
      runbook: {
        meaning:
          "The issuer signs with a key that it has not published, or a cache before it serves an old key set.",
        impact: "Users with new tokens are refused: 401 after a fresh fetch, 503 while none may be made.",
        diagnosis: [ISSUER, HELD, "Another hash at the origin than behind the cache: the cache is old."],
        mitigation: [
          ["Our own issuer, removed too early: bring the key back", "restore-key"],
          "A cache: purge the key set there. Instances fetch again by themselves within the cooldown.",
          "Another's issuer: tell them; they have to sign with the key before until the new one is public.",
        ],
        rollback: ["A key that was restored is removed again when its tokens have ended", "remove-key"],
      },
    },
    {
      name: "CountersignJwksFetchFailing",
      severity: "warning",
      expression: ({ window }) => `sum by (job, issuer) (increase(${FETCH_FAILURES}[${window(600)}]))
  / sum by (job, issuer) (increase(countersign_jwks_fetches_total[${window(600)}])) > 0.5`,
      forSeconds: 300,
      summary: "An issuer's keys cannot be fetched.",
      description:
        "{{ $value | humanizePercentage }} of the fetches of the keys of {{ $labels.issuer }} fail.",
      runbook: {
        meaning:
          "More than half of the fetches failed in ten minutes. `countersign_jwks_fetches_total` by `result` says how.",
        impact:
          "None yet: the last good keys are used until `countersign_jwks_usable_until_timestamp_seconds`.",
        diagnosis: [
          ISSUER,
          "Where it works from here and not from there: egress, proxy, or the CA certificates of the image.",
        ],
        mitigation: [
          "Mend what the first failing step names.",
          "Where it will last, and you trust the copy: `keys: { jwks: … }` with the published set, for as long as it lasts.",
        ],
        rollback:
          "Back to `discovery` or `jwksUri` as soon as it answers: a set in the file knows no rotation.",
      },
    },
    {
      name: "CountersignJwksStale",
      severity: "warning",
      expression: () =>
        "time() - countersign_jwks_last_success_timestamp_seconds > 2 * countersign_jwks_max_age_seconds",
      forSeconds: 120,
      summary: "An instance's copy of an issuer's keys is old.",
      description:
        "{{ $labels.instance }} last confirmed the keys of {{ $labels.issuer }} {{ $value | humanizeDuration }} ago.",
      runbook: {
        meaning: "The copy is twice as old as it may become before it is fetched again.",
        impact: "Keys that the issuer removed are still trusted, new ones are fetched when first seen.",
        diagnosis: [ISSUER, HELD],
        mitigation: ["As CountersignJwksFetchFailing. One instance alone: its way out to the issuer."],
        rollback: "Nothing is changed that has to be taken back.",
      },
    },
    {
      name: "CountersignJwksExpiring",
      severity: "critical",
      // A copy whose refresh is not due yet may well be short-lived.
      expression: ({ age }) => `countersign_jwks_usable_until_timestamp_seconds - time() < ${age(600, 5)}
  and time() - countersign_jwks_last_success_timestamp_seconds > countersign_jwks_max_age_seconds`,
      forSeconds: 60,
      summary: "An issuer's keys soon may not be used any more.",
      description:
        "The copy that {{ $labels.instance }} has of the keys of {{ $labels.issuer }} ends in {{ $value | humanizeDuration }}, and fetches fail. Then all its tokens are answered 503.",
      runbook: {
        meaning: "Fetches have failed for so long that the last good copy is about to end.",
        impact: "From then on every token of this issuer is answered 503.",
        diagnosis: [ISSUER, HELD],
        mitigation: [
          "Bring the way to the issuer back.",
          "Otherwise raise `maxStaleSeconds` of its keys before the copy ends, knowing that removed keys are trusted for as long.",
        ],
        rollback: "Set `maxStaleSeconds` back once a fetch has succeeded.",
      },
    },
    {
      name: "CountersignJwksSplit",
      severity: "warning",
      isHushedByRotation: true,
      expression: () =>
        "count by (job, issuer) (count by (job, issuer, set_hash) (countersign_jwks_set_info)) > 1",
      forSeconds: 900,
      summary: "Instances judge with different keys of one issuer.",
      description: "Instances have {{ $value }} different key sets of {{ $labels.issuer }}.",
      runbook: {
        meaning: "Not all instances have had the same key set for a quarter of an hour.",
        impact: "The same token is accepted here and refused there.",
        diagnosis: [
          HELD,
          ISSUER,
          "One replica or one edge of the issuer serves an old set where the same question is answered in two ways.",
        ],
        mitigation: ["Purge or restart the replica that is old. Instances follow with their next fetch."],
        rollback: "Nothing is changed that has to be taken back.",
      },
    },
    {
      name: "CountersignClockSkew",
      severity: "warning",
      expression: () => "abs(countersign_clock_skew_seconds) > 15",
      forSeconds: 120,
      summary: "Clocks are apart by half of what is tolerated.",
      description:
        "{{ $labels.source }} and {{ $labels.instance }} are {{ $value | humanizeDuration }} apart.",
      runbook: {
        meaning: "The `Date` of a source's answers and our clock are more than 15 s apart.",
        ...CLOCK,
      },
    },
    {
      name: "CountersignClockSkewCritical",
      severity: "critical",
      expression: () => "abs(countersign_clock_skew_seconds) > 30",
      forSeconds: 60,
      summary: "Clocks are apart by more than is tolerated.",
      description:
        "{{ $labels.source }} and {{ $labels.instance }} are {{ $value | humanizeDuration }} apart.",
      runbook: {
        meaning:
          "The `Date` of a source's answers and our clock are more than 30 s apart, the usual tolerance.",
        ...CLOCK,
      },
    },
  ],
};
