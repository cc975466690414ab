import type { ConfigurationProblem } from "countersign";

import type { FileConfiguration } from "./file-configuration.ts";
import { nameIssuer } from "./issuer-alias.ts";
import type { StoreConfiguration } from "./revocation-configuration.ts";

/** Status lists of nothing that is revoked, or of issuers that nobody knows. */
export function findPublishedListProblems(file: FileConfiguration): readonly ConfigurationProblem[] {
  const { publishedStatusLists: published, revocation, replay } = file;
  if (published === undefined) return [];
  const path = "publishedStatusLists";
  const problems: ConfigurationProblem[] = [];
  if (revocation === undefined) {
    const remedy = `Write \`revocation\` with a store, or remove \`${path}\`.`;
    problems.push({ path, problem: "nothing that could be revoked: there is no `revocation`", remedy });
  }
  const ownFile = sqlitePathOf(published.store);
  if (
    ownFile !== undefined &&
    [sqlitePathOf(revocation?.store), sqlitePathOf(replay.store)].includes(ownFile)
  ) {
    const remedy = "Give each a file of its own.";
    problems.push({ path: `${path}.store.sqlite`, problem: "the file of another store", remedy });
  }
  if (typeof published.store === "object" && "redis" in published.store) {
    const { cluster, urls } = published.store.redis;
    if (!cluster && urls.length > 1) {
      const problem = `${urls.length} servers, and no cluster`;
      problems.push({
        path: `${path}.store.redis.urls`,
        problem,
        remedy: "Write `cluster: true`, or one URL.",
      });
    }
  }
  return [...problems, ...findNameProblems(file, path)];
}

function findNameProblems(file: FileConfiguration, path: string): readonly ConfigurationProblem[] {
  const aliases = file.issuers.flatMap(({ issuer, name }) => {
    if (name === undefined && !URL.canParse(issuer)) return [];
    return [nameIssuer({ issuer, ...(name !== undefined && { name }) })];
  });
  const lists = file.publishedStatusLists?.lists ?? [];
  return lists.flatMap(({ issuer, uri }, index): ConfigurationProblem[] => {
    const at = `${path}.lists[${index}]`;
    if (!aliases.includes(issuer)) {
      const problem = "no name of an entry of `issuers`";
      return [{ path: `${at}.issuer`, problem, remedy: `Write one of ${aliases.join(", ")}.` }];
    }
    const twin = lists.findIndex((other) => other.issuer === issuer || other.uri === uri);
    if (twin === index) return [];
    const member = lists[twin]?.issuer === issuer ? "issuer" : "uri";
    const problem = `that of ${path}.lists[${twin}] too`;
    return [{ path: `${at}.${member}`, problem, remedy: `Give each entry its own ${member}.` }];
  });
}

function sqlitePathOf(store: StoreConfiguration | undefined): string | undefined {
  return typeof store === "object" && "sqlite" in store ? store.sqlite : undefined;
}
