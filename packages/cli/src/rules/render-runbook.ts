import type { AlertRule, Runbook, RunbookStep, Severity } from "./alert-rule.ts";
import {
  listVariables,
  RUNBOOK_COMMANDS,
  RUNBOOK_VARIABLES,
  type RunbookCommandName,
} from "./runbook-commands.ts";
import { createTimes, formatSpan } from "./times.ts";

/** What becomes of an alert of this severity. */
export const ROUTES: Readonly<Record<Severity, string>> = {
  critical: "Page",
  warning: "Ticket",
  none: "Told to nobody",
};

/** The page of one alert, in Markdown. Blocks of commands have a name, by which game days find them. */
export function renderRunbook(alert: AlertRule, others: ReadonlySet<string> = new Set()): string {
  const { name, severity, summary, runbook, isHushedByRotation, expression, forSeconds } = alert;
  const lasting = forSeconds === undefined ? "at once" : `for ${formatSpan(forSeconds)}`;
  const hushed =
    isHushedByRotation === undefined ? "" : " Kept quiet by a planned rotation of the issuer's keys.";
  return [
    `# ${name}`,
    "",
    `${summary} ${ROUTES[severity]}.${hushed}`,
    "",
    "## Meaning",
    "",
    runbook.meaning,
    "",
    "## Impact",
    "",
    runbook.impact,
    "",
    "## Diagnosis",
    "",
    ...runbook.diagnosis.flatMap(renderListed),
    "",
    "## Mitigation",
    "",
    ...runbook.mitigation.flatMap(renderListed),
    "",
    "## Rollback",
    "",
    ...renderStep(runbook.rollback),
    "",
    ...renderVariables(runbook),
    "## Rule",
    "",
    `Where this finds something ${lasting}:`,
    "",
    "```promql",
    expression(createTimes(1)),
    "```",
    "",
  ]
    .join("\n")
    .replaceAll(/\n{3,}/g, "\n\n")
    .replaceAll(/(?<!`)\bCountersign[A-Z]\w+/g, (found) =>
      others.has(found) && found !== name ? `[${found}](${found}.md)` : found,
    );
}

function renderListed(step: RunbookStep, index: number): readonly string[] {
  const mark = `${index + 1}. `;
  return renderStep(step).map((line, at) => (at === 0 ? `${mark}${line}` : line && `   ${line}`));
}

function renderStep(step: RunbookStep): readonly string[] {
  if (typeof step === "string") return [step];
  const [text, name] = step;
  const lead = /[.?]$/.test(text) ? text : `${text}:`;
  return [lead, "", `\`\`\`sh name=${name}`, RUNBOOK_COMMANDS[name], "```", ""];
}

/** What the commands take from the environment, to be filled in. */
function renderVariables(runbook: Runbook): readonly string[] {
  const names = listVariables(listCommands(runbook));
  if (names.length === 0) return [];
  const lines = names.map((name) => {
    const { about, example } = RUNBOOK_VARIABLES[name];
    return `export ${name}=${example}  # ${about}`;
  });
  return [
    "## Values",
    "",
    "The commands above take these from the environment:",
    "",
    "```sh",
    ...lines,
    "```",
    "",
  ];
}

/** In the order in which they are read. */
export function listCommands({ diagnosis, mitigation, rollback }: Runbook): readonly RunbookCommandName[] {
  return [...diagnosis, ...mitigation, rollback].flatMap((step) =>
    typeof step === "string" ? [] : [step[1]],
  );
}
