import type { ComparedCase } from "./compare.ts";
import { readVersion } from "./compare.ts";
import { CORPUS_ALGORITHMS, PEER_NAMES } from "./peers.ts";

/** The Node version on which the page is written and compared. */
export const PAGE_NODE_MAJOR = 26;

const PREFACE = `# Stricter than peers

<!-- Written by "npm run write-page -w conformance"; a test compares this page with what it would write now. -->

Tokens that Countersign refuses and at least one widely used validator accepts, each with the reason. All are signed
by a published key of the issuer unless their name says otherwise, so that nothing but the named rule refuses them.

Every validator has the same issuer, audience, key set and moment, no clock tolerance, and a list of algorithms
(${CORPUS_ALGORITHMS.join(", ")}; what a validator does not know is left out); every other option is at its default.
fast-jwt and jsonwebtoken take PEM keys and get them by kid, so they cannot see what a JWK says of \`use\` and \`alg\`.
Measured on Node ${PAGE_NODE_MAJOR}: decoders and primitives differ from version to version. Some of them can be configured to refuse more: this page is about what happens where nobody thought of it.
`;

/** The page as text; the same for the same answers. */
export function writePage(cases: readonly ComparedCase[]): string {
  const hostile = cases.filter(({ expected }) => expected !== "ok");
  const stricter = hostile.filter(({ acceptedBy }) => acceptedBy.length > 0);
  const controls = cases.filter(({ expected }) => expected === "ok");
  return [
    PREFACE,
    writeSummary(hostile, stricter.length),
    ...groupBy(stricter, ({ group }) => group).map(([title, members]) => writeGroup(title, members)),
    writeControls(controls),
  ].join("\n");
}

function writeSummary(hostile: readonly ComparedCase[], stricterCount: number): string {
  const lines = PEER_NAMES.map((name) => {
    const accepted = hostile.filter(({ acceptedBy }) => acceptedBy.includes(name)).length;
    return `| ${name} ${readVersion(name)} | ${accepted} |`;
  });
  return [
    "## In numbers",
    "",
    `Of ${hostile.length} hostile tokens, Countersign refuses all; ${hostile.length - stricterCount} are refused by every validator here.`,
    "",
    "| validator | hostile tokens accepted |",
    "|---|---|",
    "| countersign | 0 |",
    ...lines,
    "",
  ].join("\n");
}

function writeGroup(title: string, cases: readonly ComparedCase[]): string {
  const parts = groupBy(cases, ({ why }) => why).map(([why, members]) =>
    [why, "", ...writeTable(members, ({ found }) => `\`${found}\``), ""].join("\n"),
  );
  return [`## ${title}`, "", ...parts].join("\n");
}

function writeControls(cases: readonly ComparedCase[]): string {
  const table = writeTable(cases, ({ found }) => (found === "ok" ? "accepts" : `\`${found}\``));
  const text = "Good tokens, asked of everybody: whoever refuses everything is not strict.";
  return ["## Controls", "", text, "", ...table, ""].join("\n");
}

function writeTable(cases: readonly ComparedCase[], describe: (entry: ComparedCase) => string): string[] {
  return [
    `| token | countersign | ${PEER_NAMES.join(" | ")} |`,
    `|---|---|${PEER_NAMES.map(() => "---|").join("")}`,
    ...cases.map((entry) => {
      const cells = PEER_NAMES.map((name) => (entry.acceptedBy.includes(name) ? "accepts" : "refuses"));
      return `| ${entry.name} | ${describe(entry)} | ${cells.join(" | ")} |`;
    }),
  ];
}

function groupBy<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
): readonly (readonly [string, readonly T[]])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(nameOf(item));
    if (group === undefined) groups.set(nameOf(item), [item]);
    else group.push(item);
  }
  return [...groups];
}
