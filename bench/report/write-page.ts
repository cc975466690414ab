/** docs/reference/benchmarks.md: how it is measured, and what a run gave. */

import type { BenchRow } from "../bench-row.ts";
import type { BenchReport } from "./bench-report.ts";
import { writeBytes, writeCases, writeMatrix, writeServers, writeTargets } from "./write-tables.ts";

const METHOD = `\`npm run bench\` measures all of this in one run, without arguments, in under ten minutes; \`-- --quick\` takes one,
\`-- --only verify,cached\` some suites, \`-- --json FILE\` writes the rows. Nothing is asserted: a run prints what was asked
beside what it measured. What is not installed is skipped and listed. On Debian the servers come with
\`apt-get install wrk nginx libnginx-mod-http-js haproxy apache2-bin libapache2-mod-auth-openidc\`, Envoy with
\`node tools/install-services.mjs\`, Bun with \`npm run runtimes -- bun --suite-only\`.

## How it is measured

- Contenders take turns, A B C A B C, and a figure is the median of the rounds, so that a machine whose speed drifts is
  unfair to nobody. Ratios are of the same rounds. The printed run gives their spread.
- The main figure is CPU: user and system time of every thread and process of the subject, and of nobody else. It moves
  little when the machine is busy; requests a second do. Differences under ten percent mean nothing here.
- Each library has a process of its own. Tokens are strings made anew for each call, as a request brings them. The floor
  is the primitive alone on octets that are there already (for refusals: the string alone).
- All libraries check algorithm, expiry, issuer and audience; ours checks more ([stricter than its
  peers](stricter-than-peers.md)). \`countersign\` is \`validateSync\` in \`verify\` and \`cached\`, and the awaited \`validate\`
  in \`refuse\`; the other way is in the line beside it.
- A server has one core, whoever asks it the other: 64 connections, one request at a time on each. All are sent the same
  requests. A subject's floor is the same program that answers or forwards without judging.
- Where tokens are remembered, every token was seen a few times before anything is measured, and the memory is as large
  as the tokens are many. \`never seen\` is the opposite: the memory is full and never helps.
- Two cores cannot hold two workers and the load. There a second is one of the busiest process' CPU, as if each process
  and the load had a core of its own; uneven work between the workers, and work of the primary, count against us.`;

/** Load average from which a run's figures are to be read with care. */
export const BUSY = 0.5;

export function writePage(report: BenchReport): string {
  const of = (suite: string): readonly BenchRow[] => report.rows.filter((row) => row.suite === suite);
  const sections = [
    `# Benchmarks\n\n<!-- Written by \`npm run bench -- --record\`; do not edit. -->\n\n![CPU an operation, ours beside the peers](benchmarks.svg)\n\n${METHOD}`,
    `## The run below\n\n${report.date}, ${report.seconds} seconds. ${report.machine}. ${report.versions}.\n\n${describeLoad(report)}`,
    `## What was asked\n\n${writeTargets(report.targets)}`,
    ...describeLibraries(of),
    ...(of("bound").length === 0 ? [] : [`## A token that is bound to a key\n\n${writeMatrix(of("bound"))}`]),
    ...(of("revocation").length === 0
      ? []
      : [`## A look-up among revocations\n\n${writeMatrix(of("revocation"))}`]),
    ...(of("principal").length === 0
      ? []
      : [`## A principal of a token's claims\n\n${writeMatrix(of("principal"))}`]),
    ...describeServers(of),
    ...describeRest(of),
    ...(report.skipped.length === 0 ? [] : [`## Not measured\n\n${listItems(report.skipped)}`]),
  ];
  return `${sections.join("\n\n")}\n`;
}

function describeLoad({ loadAverage }: BenchReport): string {
  const said = `Load average of the machine in the minute before: ${loadAverage.toFixed(1)}.`;
  if (loadAverage < BUSY) return said;
  return `${said} It was busy: CPU an operation is higher than it would be on a quiet one, and what is counted in requests a
second or waited for says little.`;
}

type PickSuite = (suite: string) => readonly BenchRow[];

function describeLibraries(of: PickSuite): readonly string[] {
  const about =
    "The number is about the token's bytes beside ES256's signature: 5 claims, 16 claims, 16 and 62 groups.";
  return [
    `## A token that was never seen\n\n${about}\n\n${writeMatrix(of("verify"))}`,
    `## A token that comes again\n\n${writeMatrix(of("cached"))}`,
    `## A refusal\n\n${writeMatrix(of("refuse"))}`,
  ];
}

function describeServers(of: PickSuite): readonly string[] {
  const titles = {
    decision: "A decision over HTTP",
    proxy: "A request forwarded",
    grpc: "A question of Envoy's",
  };
  return Object.entries(titles).map(([suite, title]) => {
    const rows = of(suite);
    const tables = listCases(rows).map((name) => {
      return `### ${title}, ${name}\n\n${writeServers(rows.filter((row) => row.case === name))}`;
    });
    return [`## ${title}`, ...tables].join("\n\n");
  });
}

function describeRest(of: PickSuite): readonly string[] {
  const scale = of("scale").filter(({ subject }) => subject !== "floor");
  return [
    `## More of everything\n\nHS256 where tokens are judged, for its signature hides least.\n\n${writeCases(scale)}`,
    `## Memory\n\nAfter a collection.\n\n${writeBytes(of("memory"), "bytes")}`,
    `## A fresh process until its first token is judged\n\nThe floor does nothing. Bundles are counted with gzip.\n\n${writeBytes(of("start"), "bytes of the bundle")}`,
  ];
}

function listCases(rows: readonly BenchRow[]): readonly string[] {
  return [...new Set(rows.map((row) => row.case))];
}

function listItems(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join("\n");
}
