import type { ConfigurationProblem, IssuerOptions } from "countersign";

import { checkIssuers } from "./check-issuers.ts";
import type { FileConfiguration, FileIssuer } from "./file-configuration.ts";
import { nameIssuer } from "./issuer-alias.ts";
import type { TransmitterConfiguration } from "./signals-configuration.ts";
import { toTransmitterOptions } from "./transmitter-options.ts";
import { toIssuerOptions } from "./validator-options.ts";

/** Signals that could end nothing, or of issuers that nobody knows. */
export function findSignalProblems(file: FileConfiguration): readonly ConfigurationProblem[] {
  const { signals, revocation } = file;
  if (signals === undefined) return [];
  const known = new Map(file.issuers.flatMap(nameFileIssuer));
  const { logout, transmitters } = signals;
  const problems: ConfigurationProblem[] = [];
  if (revocation === undefined) {
    const remedy = "Write `revocation` with a store, or remove `signals`.";
    problems.push({
      path: "signals",
      problem: "nothing that could be revoked: there is no `revocation`",
      remedy,
    });
  }
  for (const [list, entries] of Object.entries({ logout, transmitters })) {
    for (const [index, { issuer }] of entries.entries()) {
      if (known.has(issuer)) continue;
      const remedy = `Write one of ${[...known.keys()].join(", ")}.`;
      const path = `signals.${list}[${index}].issuer`;
      problems.push({ path, problem: "no name of an entry of `issuers`", remedy });
    }
  }
  for (const [index, { issuer }] of logout.entries()) {
    const options = known.get(issuer);
    if (options === undefined || !hasNoKeys(options)) continue;
    const path = `signals.logout[${index}].issuer`;
    const remedy = "Write where the issuer's keys are, in its entry of `issuers`.";
    problems.push({ path, problem: "an issuer without keys, which sign logout tokens", remedy });
  }
  return [
    ...problems,
    ...findTwins(
      logout.map(({ issuer }) => issuer),
      "signals.logout",
      "issuer",
    ),
    ...findTwins(
      transmitters.map(({ name }) => name),
      "signals.transmitters",
      "name",
    ),
    ...transmitters.flatMap((transmitter, index) => {
      const issuer = known.get(transmitter.issuer);
      return issuer === undefined ? [] : findTransmitterProblems(transmitter, { issuer, index });
    }),
  ];
}

/** Of opaque tokens: it signs nothing. */
function hasNoKeys({ keys }: IssuerOptions): boolean {
  return "none" in keys;
}

/** One whose issuer is no URL and has no name has another problem, which is told elsewhere. */
function nameFileIssuer(issuer: FileIssuer): readonly (readonly [string, IssuerOptions])[] {
  if (issuer.name === undefined && !URL.canParse(issuer.issuer)) return [];
  const options = toIssuerOptions(issuer);
  return [[nameIssuer(options), options]];
}

function findTwins(values: readonly string[], path: string, member: string): readonly ConfigurationProblem[] {
  return values.flatMap((value, index) => {
    if (values.indexOf(value) === index) return [];
    const problem = `that of ${path}[${values.indexOf(value)}] too`;
    return [{ path: `${path}[${index}].${member}`, problem, remedy: `Give each entry its own ${member}.` }];
  });
}

function findTransmitterProblems(
  transmitter: TransmitterConfiguration,
  { issuer, index }: { readonly issuer: IssuerOptions; readonly index: number },
): readonly ConfigurationProblem[] {
  const path = `signals.transmitters[${index}]`;
  return [...findDeliveryProblems(transmitter, path), ...findKeyProblems(transmitter, { issuer, path })];
}

/** A stream of events is delivered in one way (Shared Signals Framework 1.0 section 8.1.1). */
function findDeliveryProblems(
  { push, poll }: TransmitterConfiguration,
  path: string,
): readonly ConfigurationProblem[] {
  if ((push === undefined) !== (poll === undefined)) return [];
  const problem = push === undefined ? "neither `push` nor `poll`: no event would come" : "`push` and `poll`";
  return [{ path, problem, remedy: "Write one of them, as the stream delivers." }];
}

function findKeyProblems(
  transmitter: TransmitterConfiguration,
  { issuer, path }: { readonly issuer: IssuerOptions; readonly path: string },
): readonly ConfigurationProblem[] {
  const { keys } = transmitter;
  if (keys === undefined && (transmitter.transmitter !== undefined || hasNoKeys(issuer))) {
    // Who speaks for an issuer is not the issuer: its keys are not its own.
    return [{ path: `${path}.keys`, problem: "none", remedy: "Write where the transmitter's keys are." }];
  }
  if (keys === undefined) {
    if (!("none" in issuer.keys)) return [];
    const remedy = "Write where the keys are that sign its events.";
    return [{ path: `${path}.keys`, problem: "none, and the issuer has none either", remedy }];
  }
  return checkIssuers({ issuers: [toTransmitterOptions(transmitter, issuer)] }).map((problem) => ({
    ...problem,
    path: problem.path.replace(/^issuers\[0\]/, path),
  }));
}
