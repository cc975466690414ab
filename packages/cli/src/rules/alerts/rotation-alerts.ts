import type { RuleGroup } from "../alert-rule.ts";
import type { Times } from "../times.ts";

const LIST = ["The keys, what each may do next, and what holds it", "list-keys"] as const;
const PLAN = ["The calendar, with each bound and why", "plan-rotation"] as const;
const CONTINUE = ["Go on, as far as it is safe", "continue-rotation"] as const;
const NOTHING = "Nothing is changed that has to be taken back.";

/**
 * Issuers with a rotation under way that took a step within the hour: one that stands still hushes nothing. Looks back for
 * longer than any window of what it hushes: else that leaks when the rotation ends.
 */
function writeRotating({ window }: Times): string {
  return `(max_over_time(countersign_rotation_in_progress[${window(900, 10)}]) == 1
      and on (issuer)
    (countersign_key_state == 1 unless countersign_key_state offset ${window(3600, 10)} == 1))`;
}

export const ROTATION_ALERTS: RuleGroup = {
  name: "rotation",
  title: "Rotation of our own keys",
  about: `Rotations of our own signing keys, from what \`countersign keys rotate --metrics-file\` writes for a textfile collector. There
\`issuer\` is the URL, while verifiers name their alias: what speaks of both is joined by \`kid\`.`,
  alerts: [
    {
      name: "CountersignKeyRotationInProgress",
      severity: "none",
      expression: (times) => `group by (issuer) (
  ${writeRotating(times)}
    or
  countersign_jwks_key_info
    and on (kid)
  (
    countersign_key_state{state=~"next|active|retiring"} == 1
      and on (issuer)
    ${writeRotating(times)}
  )
)`,
      summary: "A planned rotation of an issuer's keys is under way.",
      description:
        "What a rotation of the keys of {{ $labels.issuer }} explains is not told of until it has ended.",
      runbook: {
        meaning:
          "Not an alert: it hushes CountersignUnknownKid, CountersignJwksSplit and CountersignNoStandbyKey for this issuer. Error budgets, CountersignJwksExpiring and CountersignKeyRotationOverdue are never hushed, and nothing is later than an hour after the last step.",
        impact: "None.",
        diagnosis: [LIST],
        mitigation: ["None is needed. It ends an hour after each step, and with the rotation."],
        rollback: NOTHING,
      },
    },
    {
      name: "CountersignKeyRotationBlocked",
      severity: "warning",
      expression: () => "countersign_rotation_blocked == 1",
      forSeconds: 3600,
      summary: "A gate has held a rotation for an hour.",
      description:
        "The gate {{ $labels.gate }} holds a step of the keys of {{ $labels.issuer }} whose time has come.",
      runbook: {
        meaning:
          "The time of a step has come, and what has to be seen before it has not been seen for an hour.",
        impact: "None: the gate keeps users from being hurt. The old key signs for longer.",
        diagnosis: [LIST, ["What would be done, and which gate refuses", "try-rotation"]],
        mitigation: [
          "Mend what the gate names: a verifier without the new key, a JWKS URL that serves the old set, clocks, or a client that still sends old tokens.",
          CONTINUE,
        ],
        rollback: NOTHING,
      },
    },
    {
      name: "CountersignKeyRotationOverdue",
      severity: "warning",
      expression: ({ age }) => `time() - countersign_key_next_transition_timestamp_seconds > ${age(3600)}`,
      forSeconds: 300,
      summary: "The next step of a rotation is overdue.",
      description:
        "The next step of the keys of {{ $labels.issuer }} could have been taken {{ $value | humanizeDuration }} ago.",
      runbook: {
        meaning: "Nobody takes the next step: the job that rotates does not run, or a gate holds it.",
        impact: "A retired key stays public, or a key signs for longer than planned.",
        diagnosis: [LIST, PLAN, "Does the job run that calls `countersign keys rotate`?"],
        mitigation: [CONTINUE],
        rollback: ["A promotion that hurts is undone by promoting the key before", "promote-key"],
      },
    },
    {
      name: "CountersignNoStandbyKey",
      severity: "warning",
      isHushedByRotation: true,
      expression: () => 'sum by (issuer) (countersign_key_state{state="next"}) == 0',
      forSeconds: 900,
      summary: "No key stands by: an emergency rotation would hurt.",
      description: "{{ $labels.issuer }} has no published key that could sign at once.",
      runbook: {
        meaning: "No key is in state `next`.",
        impact: "None now. Were the signing key to leak, verifiers would not know its successor yet.",
        diagnosis: [LIST],
        mitigation: [["Publish one", "continue-rotation"]],
        rollback: NOTHING,
      },
    },
    {
      name: "CountersignRetiredKeyStillUsed",
      severity: "warning",
      expression: ({ age }) => `countersign_key_state{state="retiring"} == 1
  and on (kid) (time() - countersign_key_last_used_timestamp_seconds < ${age(300, 5)})
  and on (issuer) (time() - countersign_key_next_transition_timestamp_seconds > 0)`,
      forSeconds: 300,
      summary: "A retired key still verifies tokens past the time of its removal.",
      description:
        "Key {{ $labels.kid }} of {{ $labels.issuer }} could be removed, and tokens of it still come.",
      runbook: {
        meaning:
          "Every token of this key should have ended. Somebody still signs with it, or tokens live longer than was said.",
        impact: "Removing it now would refuse those tokens; the gate does not let it be removed.",
        diagnosis: [
          LIST,
          PLAN,
          "A signer that was not told of the new key, or a longer lifetime than the plan was made with.",
        ],
        mitigation: [
          "Restart or remove that signer; correct the longest lifetime in the configuration of the keys.",
          CONTINUE,
        ],
        rollback: NOTHING,
      },
    },
  ],
};
