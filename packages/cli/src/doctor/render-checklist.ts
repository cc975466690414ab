import { DOCTOR_CHECKS, type DoctorStage } from "./doctor-check.ts";

interface Checklist {
  readonly title: string;
  readonly when: string;
  /** What no program sees from where it runs. */
  readonly byPeople: readonly string[];
}

export const CHECKLISTS: Readonly<Record<DoctorStage, Checklist>> = {
  "pre-production": {
    title: "Before the first real request",
    when: "Go through it before a sidecar is tried with real traffic, and again when its configuration changes much.",
    byPeople: [
      "Somebody who knows the API has read the routes in the order in which they are tried, as `countersign check` prints them.",
      "A token of each issuer was accepted, and one that has expired and one for another audience were refused, for the reasons that `countersign explain` gives.",
      "What is demanded anew ran in shadow first, and `countersign_shadow_decisions_total` was looked at.",
      "Clients and gateways try again after 503 with Retry-After, and not after 401.",
      "The upstream cannot be reached past the sidecar.",
      "The version and the configuration before are at hand, and who may go back to them is known.",
    ],
  },
  production: {
    title: "Before you depend on it",
    when: "Go through the list before the first real request too: this one is what comes on top.",
    byPeople: [
      "One instance was stopped under load, and nobody noticed.",
      "Prometheus has loaded the rules, Alertmanager the routes, and a page that was sent on purpose reached somebody.",
      "Something outside of this monitoring notices when CountersignWatchdog is no longer heard.",
      "Whoever is called has the runbooks, with the values of their commands filled in, and has run those of diagnosis once.",
      "A revocation was tried with `--wait`, and reached every instance within a minute.",
      "A rotation of our own keys was tried out with `countersign keys rotate --dry-run`, and their ledger is backed up.",
      "The last line of `countersign audit verify` is kept where whoever can write the trail cannot.",
      "Game days ran on a copy of this system, and what they found was mended.",
      "Who owns the error budgets is known, and what is not done any more when one is gone.",
    ],
  },
};

/** A page to tick, in Markdown: what doctor sees at this stage, by group, and what people have to see. */
export function renderChecklist(stage: DoctorStage): string {
  const { title, when, byPeople } = CHECKLISTS[stage];
  const option = stage === "pre-production" ? "" : ` --stage ${stage}`;
  const lines = [
    `# ${title}`,
    "",
    when,
    "",
    "## What doctor sees",
    "",
    "Each line is a check of that name: passed, failed or in need of a look, and then with what to do about it.",
    "",
    "```sh",
    `countersign doctor --config countersign.yaml${option}`,
    "```",
  ];
  let last: string | undefined;
  for (const [name, { since, about }] of Object.entries(DOCTOR_CHECKS)) {
    if (since !== stage) continue;
    const [group = ""] = name.split(".");
    if (group !== last) lines.push("", `### ${group[0]?.toUpperCase()}${group.slice(1)}`, "");
    last = group;
    lines.push(`- [ ] \`${name}\`: ${about}`);
  }
  lines.push("", "## What people see", "", ...byPeople.map((item) => `- [ ] ${item}`), "");
  return lines.join("\n");
}
