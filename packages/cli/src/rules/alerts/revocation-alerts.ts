import type { RuleGroup } from "../alert-rule.ts";

const OUT_OF_SERVICE = "Take the instance out of the load balancer: others know more than it does.";
const READY = ["What does the instance say of itself?", "ask-readiness"] as const;
const STORE = ["Does the store answer, and is its configuration sound?", "examine-production"] as const;

export const REVOCATION_ALERTS: RuleGroup = {
  name: "revocation",
  title: "Revocation",
  about: `Alerts about revocations, for Prometheus from 2.26 on. One job is one fleet: instances that follow the same store.

An instance that stands still answers no scrape, and its series end with the first that fails. So the last hour is
looked back at, for as long as the target is still to be scraped (\`up\` is there, be it 0): what was taken out of
service pages nobody.`,
  alerts: [
    {
      name: "CountersignRevocationPropagationSlow",
      severity: "critical",
      // Every ten seconds some instance revokes a token that does not exist; canaries are up to 15 s apart.
      expression: ({
        age,
      }) => `time() - last_over_time(countersign_revocation_canary_issued_timestamp_seconds[1h]) > ${age(60, 25)}
  and on (job, instance) up`,
      forSeconds: 60,
      summary: "Revocations do not reach an instance.",
      description:
        "The newest canary that {{ $labels.instance }} has seen was issued {{ $value | humanizeDuration }} ago: it stands still, or its feed does. It accepts what was revoked since. Take it out of the load balancer, then see whether it answers /healthz/ready, and what it says there of its revocations.",
      runbook: {
        meaning:
          "Every ten seconds one instance revokes a token that does not exist. This one has not seen such a canary for more than a minute.",
        impact:
          "It accepts tokens that were revoked since, except on routes with `revocation: fresh`, which answer 503.",
        diagnosis: [
          READY,
          STORE,
          "No answer at all: the process stands still, or is cut off from the network.",
        ],
        mitigation: [
          OUT_OF_SERVICE,
          "Mend the way to the store, or restart the process; it reads the feed from where it was and is ready once it has all.",
          ["See that it catches up: how far each instance is", "list-instances"],
        ],
        rollback: "Put the instance back into the load balancer once `/healthz/ready` answers 200.",
      },
    },
    {
      name: "CountersignRevocationCanaryMissing",
      severity: "critical",
      expression: () => `countersign_revocation_feed_connected
  unless on (job, instance)
  last_over_time(countersign_revocation_canary_issued_timestamp_seconds[1h])`,
      forSeconds: 120,
      summary: "An instance has seen no canary since it started.",
      description:
        "{{ $labels.instance }} has followed its feed for two minutes without one canary, of which there is one every ten seconds. It has not read the feed to its end, or nobody can write to the store.",
      runbook: {
        meaning: "The instance follows a feed in which no canary came since it started.",
        impact:
          "It may lack revocations, and nobody could tell how many. It is not ready until it has read the feed once.",
        diagnosis: [
          READY,
          "The log says how far the feed was read, and whether canaries could be written.",
          STORE,
        ],
        mitigation: [
          "Give the account of the store the right to write: a replica that only reads cannot take canaries or revocations.",
          "Where all instances tell this, the store is what is wrong; where one does, restart that one.",
        ],
        rollback: "Nothing is changed that has to be taken back.",
      },
    },
    {
      name: "CountersignRevocationInstanceBehind",
      severity: "critical",
      // Canaries move the position on, so that an instance with one process that stands still is found too.
      expression: ({ window }) => `last_over_time(countersign_revocation_applied_position[1h])
    < on (job) group_left ()
  max by (job) (countersign_revocation_applied_position offset ${window(60)})
  and on (job, instance) up`,
      forSeconds: 120,
      summary: "An instance lacks revocations that others had a minute ago.",
      description:
        "{{ $labels.instance }} has every revocation up to position {{ $value }} in force in all of its processes, and others were further a minute ago. Where its canaries are new, one of its workers is stuck.",
      runbook: {
        meaning:
          "Others of the fleet had applied more a minute ago than this instance has now, in at least one of its processes.",
        impact: "A share of its requests is judged without the newest revocations.",
        diagnosis: [
          READY,
          ["How far are the others?", "list-instances"],
          "New canaries but an old position: one worker is stuck. Old canaries: its feed is, see CountersignRevocationPropagationSlow.",
        ],
        mitigation: [
          OUT_OF_SERVICE,
          "Restart it. A worker that stays silent is killed and replaced by itself; where that did not happen, keep the log.",
        ],
        rollback: "Put the instance back into the load balancer once `/healthz/ready` answers 200.",
      },
    },
    {
      name: "CountersignRevocationFeedDown",
      severity: "warning",
      expression: () => "countersign_revocation_feed_connected == 0",
      forSeconds: 120,
      summary: "An instance cannot reach the store of revocations.",
      description:
        "{{ $labels.instance }} refuses what it knew before; routes with `revocation: fresh` answer 503 once that is older than `maxStaleSeconds`. Its log names the error.",
      runbook: {
        meaning: "The connection to the store of revocations is down, and the instance keeps trying.",
        impact:
          "What was revoked before stays refused. New revocations do not arrive; routes with `revocation: fresh` answer 503 after `maxStaleSeconds`.",
        diagnosis: [READY, STORE],
        mitigation: [
          "Bring the store or the way to it back: the instance reads the gap by itself.",
          "Where it stays away, revoke at the identity provider too, and let tokens live for minutes only.",
        ],
        rollback: "Nothing is changed that has to be taken back.",
      },
    },
  ],
};
