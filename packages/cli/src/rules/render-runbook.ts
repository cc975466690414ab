import type { AlertRule, RunbookStep, Severity } from "./alert-rule.ts";

const ROUTES: Readonly<Record<Severity, string>> = {
  critical: "Pages.",
  warning: "A ticket.",
  none: "Told to nobody.",
};

/** The page of one alert, in Markdown. */
export function renderRunbook({ name, severity, summary, runbook, isHushedByRotation }: AlertRule): string {
  const hushed =
    isHushedByRotation === undefined ? "" : " Kept quiet by a planned rotation of the issuer's keys.";
  return [
    `# ${name}`,
    "",
    `${summary} ${ROUTES[severity]}${hushed}`,
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
    ...runbook.diagnosis.flatMap(renderStep),
    "",
    "## Mitigation",
    "",
    ...runbook.mitigation.flatMap(renderStep),
    "",
    "## Rollback",
    "",
    runbook.rollback,
    "",
  ]
    .join("\n")
    .replaceAll(/\n{3,}/g, "\n\n");
}

function renderStep(step: RunbookStep, index: number): readonly string[] {
  const [text, command] = typeof step === "string" ? [step] : step;
  const first = `${index + 1}. ${text}`;
  if (command === undefined) return [first];
  return [`${first.replace(/[.:]$/, "")}:`.replace("?:", "?"), "", "   ```sh", `   ${command}`, "   ```", ""];
}
