/** `docs/reference/casebook.md`, as text. */

import { CASEBOOK, nameEntry } from "./casebook.ts";
import type { CasebookEntry } from "./entry.ts";

const PREFACE = `# The casebook

<!-- Written by "node --conditions=@countersign/source tools/write-reference.ts"; a test compares this page with what it would write now. -->

52 ways in which requests got around validating gateways: published advisories, and faults that were measured. Each is an
entry with a number that stays. **Probes** are requests, written octet by octet, with what must not become of them. They are
asked of the built-in proxy, of each decision endpoint as its least careful gateway would ask it, of the gRPC endpoint, and of
real nginx, Caddy, Traefik, Envoy, HAProxy and Apache with the configurations in [deploy](../../deploy). **Proofs** are tests
for what no request at a gateway can show. The tests of an entry begin with its number, in [test/casebook](../../test/casebook).

Point the probes at any gateway of your own:

\`\`\`sh
npm run casebook -- --serve-echo 3000          # in place of the application behind the gateway
npm run casebook -- --target http://127.0.0.1:8081 --upstream-echo http://127.0.0.1:3000 --token-file token.txt
\`\`\`

It prints for each entry whether the gateway is immune, vulnerable or could not be tested, and ends with 1 where one is
vulnerable. Only targets on this machine are asked, unless you say with \`--i-own-this-target\` that it is yours.
`;

const STATUS = {
  covered: "covered",
  notApplicable: "not applicable in this version",
} as const;

/** The page; the same for the same entries. */
export function createCasebookPage(): string {
  const covered = CASEBOOK.filter(({ notApplicable }) => notApplicable === undefined).length;
  const probes = CASEBOOK.reduce((sum, entry) => sum + entry.probes.length, 0);
  const proofs = CASEBOOK.reduce((sum, entry) => sum + entry.proofs.length, 0);
  const rows = CASEBOOK.map((entry) => {
    const { number, lesson, probes: own } = entry;
    return `| [${number}](#${nameEntry(entry)}) | ${lesson} | ${own.length} | ${entry.proofs.length} | ${statusOf(entry)} |`;
  });
  return [
    PREFACE,
    `${covered} of ${CASEBOOK.length} entries are covered, by ${probes} probes and ${proofs} proofs; ` +
      `not covered, because this version does not have what they are about: ${CASEBOOK.length - covered}.`,
    "",
    "| entry | lesson | probes | proofs | status |",
    "|---|---|---|---|---|",
    ...rows,
    "",
    ...CASEBOOK.flatMap(writeEntry),
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");
}

function statusOf({ notApplicable }: CasebookEntry): string {
  return notApplicable === undefined ? STATUS.covered : STATUS.notApplicable;
}

function writeEntry(entry: CasebookEntry): readonly string[] {
  const name = nameEntry(entry);
  const lines = [`## ${name}`, "", `${entry.lesson} (${entry.sources.join("; ")})`, ""];
  if (entry.notApplicable !== undefined)
    return [...lines, `Not applicable in this version: ${entry.notApplicable}.`, ""];
  const tests = [
    ...(entry.probes.length === 0 ? [] : [`\`${name} ${entry.lesson}\` at each front`]),
    ...entry.proofs.map(({ says, level }) => `\`${name} ${says}\` (${level})`),
  ];
  const tried = entry.probes.map(({ tries }) => `\`${tries.replaceAll("`", "'")}\``);
  const probes = tried.length === 0 ? [] : [`Tried: ${tried.join("; ")}.`, ""];
  return [...lines, ...tests.map((test) => `- ${test}`), "", ...probes];
}
