import type { RuleGroup } from "../alert-rule.ts";

const READY = ["What does the instance say?", "ask-readiness"] as const;
const CHECK = ["What is wrong with the file?", "check-configuration"] as const;
const NOTHING = "Nothing is changed that has to be taken back.";

export const INSTANCE_ALERTS: RuleGroup = {
  name: "instances",
  title: "Instances",
  about:
    "The processes themselves, and the way of alerts. The scrape jobs of sidecars are expected to be called countersign….",
  alerts: [
    {
      name: "CountersignCryptoCpuHigh",
      severity: "warning",
      expression: ({ window }) =>
        `sum by (job, instance) (rate(countersign_signature_verify_duration_seconds_sum[${window(300)}])) > 0.6`,
      forSeconds: 600,
      summary: "Verifying signatures takes most of a core.",
      description: "{{ $labels.instance }} spends {{ $value | humanize }} cores on signatures.",
      runbook: {
        meaning: "More than 0.6 cores go into signatures, for ten minutes.",
        impact: "Latency grows; then load is shed with 503.",
        diagnosis: [
          "`countersign_signature_verify_duration_seconds` by `alg`, and CountersignCacheHitRateLow: the same tokens again cost nothing.",
          "Many distinct tokens of one issuer: an attack, or a client that asks for a token with each request.",
        ],
        mitigation: ["Add instances or `workers`.", "Let clients keep their token until it ends."],
        rollback: "Take the instances away when the load has gone.",
      },
    },
    {
      name: "CountersignEventLoopLag",
      severity: "warning",
      expression: () =>
        "nodejs_eventloop_lag_p99_seconds > 0.1 and on (job, instance) countersign_build_info",
      forSeconds: 300,
      summary: "A process is late.",
      description:
        "One in a hundred turns of the event loop of {{ $labels.instance }} is {{ $value | humanizeDuration }} late.",
      runbook: {
        meaning: "The process has more to do than it can, or the machine gives it no time.",
        impact: "Every request waits as long.",
        diagnosis: [
          "CountersignCryptoCpuHigh; throttling by the container's CPU limit; other programs on the machine.",
          READY,
        ],
        mitigation: ["Raise the CPU limit, add instances or `workers`."],
        rollback: "Take back what was raised when the load has gone.",
      },
    },
    {
      name: "CountersignCacheHitRateLow",
      severity: "warning",
      expression: ({
        window,
      }) => `sum by (job, cache) (rate(countersign_cache_requests_total{cache=~"token|introspection",result="hit"}[${window(900)}]))
  / sum by (job, cache) (rate(countersign_cache_requests_total{cache=~"token|introspection"}[${window(900)}])) < 0.5
  and sum by (job, cache) (rate(countersign_cache_requests_total[${window(900)}])) > 5`,
      forSeconds: 1800,
      summary: "Few tokens come a second time.",
      description:
        "Only {{ $value | humanizePercentage }} of the look-ups in {{ $labels.cache }} find something.",
      runbook: {
        meaning: "Less than half of the look-ups find an answer, at more than five a second.",
        impact: "More CPU, or more questions to the issuer. No decision is different.",
        diagnosis: [
          "Clients that fetch a token for each request, or more live tokens than entries (`signatureCache`).",
        ],
        mitigation: ["Raise the entries, or let clients keep their token."],
        rollback: NOTHING,
      },
    },
    {
      name: "CountersignConfigurationRefused",
      severity: "warning",
      expression: ({ window }) =>
        `increase(countersign_config_reloads_total{result="refused"}[${window(900)}]) > 0`,
      summary: "A changed configuration was refused.",
      description:
        "{{ $labels.instance }} goes on with the configuration before: the file that it was to read is wrong.",
      runbook: {
        meaning: "The file was changed and is wrong. It was refused whole.",
        impact: "None now. A restart would not come up with this file.",
        diagnosis: [CHECK],
        mitigation: ["Correct the file; it is read again at once."],
        rollback: "Put the file before the change back.",
      },
    },
    {
      name: "CountersignConfigurationSplit",
      severity: "warning",
      expression: () => "count by (job) (count by (job, hash) (countersign_config_info)) > 1",
      forSeconds: 900,
      summary: "Instances run different configurations.",
      description: "The instances of {{ $labels.job }} have {{ $value }} different configurations.",
      runbook: {
        meaning: "A change has not reached all instances for a quarter of an hour.",
        impact: "The same request is answered in different ways.",
        diagnosis: [
          "`countersign_config_info` by instance has the hashes; CountersignConfigurationRefused says who refused.",
          CHECK,
        ],
        mitigation: ["Bring the file to the instances that lack it."],
        rollback: "Put the file before the change back everywhere.",
      },
    },
    {
      name: "CountersignWorkersDying",
      severity: "warning",
      expression: ({ window }) =>
        `sum by (job, instance, cause) (increase(countersign_worker_exits_total[${window(900)}])) > 2`,
      summary: "Workers end again and again.",
      description:
        "{{ $value | humanize }} workers of {{ $labels.instance }} {{ $labels.cause }} within a quarter of an hour.",
      runbook: {
        meaning: "More than two workers ended without having been told to.",
        impact: "Requests under way in them are lost; others take over at once.",
        diagnosis: [
          "`failed`: no start. `silent`: killed because it stood still. `crashed`: memory, or a defect.",
          READY,
        ],
        mitigation: [
          "Raise the memory limit where the kernel killed them; keep the log and report a defect.",
        ],
        rollback: "Run the version before where it began with an upgrade.",
      },
    },
    {
      name: "CountersignSeriesOverflow",
      severity: "warning",
      expression: ({ window }) => `increase(countersign_metrics_overflow_total[${window(900)}]) > 0`,
      summary: "A metric has more series than it may.",
      description:
        "{{ $labels.instance }} counts under _overflow: {{ $value | humanize }} updates in a quarter of an hour.",
      runbook: {
        meaning: "One metric has reached its most series; what is new is counted under `_overflow`.",
        impact: "Alerts by issuer do not see what overflows.",
        diagnosis: [
          "Which metric has `_overflow`? Labels come from the configuration: very many issuers, policies or exchanges.",
        ],
        mitigation: ["Give one instance fewer issuers."],
        rollback: NOTHING,
      },
    },
    {
      name: "CountersignTargetDown",
      severity: "critical",
      expression: () => 'up{job=~"countersign.*"} == 0',
      forSeconds: 120,
      summary: "An instance answers no scrape.",
      description: "{{ $labels.instance }} of {{ $labels.job }} cannot be scraped.",
      runbook: {
        meaning: "Prometheus gets no metrics from the instance.",
        impact: "Unknown: it may be down, stand still, or only its admin listener may be out of reach.",
        diagnosis: [["Does it answer at all?", "ask-liveness"]],
        mitigation: ["Take it out of the load balancer, restart it."],
        rollback: "Put it back once `/healthz/ready` answers 200.",
      },
    },
    {
      name: "CountersignTargetsMissing",
      severity: "critical",
      expression: () => 'absent(up{job=~"countersign.*"})',
      forSeconds: 300,
      summary: "No instance is scraped at all.",
      description:
        "Prometheus knows no target of a job called countersign…: nothing of the sidecars is watched.",
      runbook: {
        meaning:
          "There is no target any more: service discovery finds none, or the job has another name than these rules expect.",
        impact: "Unknown. The other alerts stay silent whatever happens.",
        diagnosis: [["Which targets does Prometheus know?", "ask-targets"], READY],
        mitigation: [
          "Let the scrape job be called `countersign`, or begin with it; mend what discovers its targets.",
          "Where there is no instance at all: start one.",
        ],
        rollback: NOTHING,
      },
    },
    {
      name: "CountersignWatchdog",
      severity: "none",
      expression: () => "vector(1)",
      summary: "Always fires: the way of alerts works.",
      description: "Whoever receives it has to tell somebody by another way when it does not come any more.",
      runbook: {
        meaning:
          "It fires always. What is wrong is its absence: Prometheus, Alertmanager or the way between is down.",
        impact: "Without it no alert would reach anybody.",
        diagnosis: [
          ["Does Prometheus see Alertmanager?", "ask-prometheus"],
          ["Is Alertmanager well?", "ask-alertmanager"],
        ],
        mitigation: ["Bring back what does not answer."],
        rollback: NOTHING,
      },
    },
  ],
};
