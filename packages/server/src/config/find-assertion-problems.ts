import { readBackendOptions } from "@countersign/signing-keys";
import { ConfigurationError, type ConfigurationProblem } from "countersign";

import type { AssertionKeysConfiguration } from "./assertion-configuration.ts";
import type { FileConfiguration } from "./file-configuration.ts";

/** Assertions whose subjects could be mistaken for each other, or that the sidecar itself could take for tokens. */
export function findAssertionProblems(file: FileConfiguration): readonly ConfigurationProblem[] {
  const { issuers, identityHeaders } = file;
  const { assertion } = identityHeaders;
  const base = "identityHeaders.assertion";
  if (assertion === undefined) return findUnusedAudiences(file);
  const problems: ConfigurationProblem[] = [];
  if (issuers.length > 1 && assertion.subjects === undefined) {
    problems.push({
      path: `${base}.subjects`,
      problem: "several issuers, and nothing that tells the same subject of two of them apart",
      remedy: "Write `qualified`; or `plain` where subjects are the same people with every issuer.",
    });
  }
  const own = issuers.findIndex(({ issuer }) => issuer === assertion.issuer);
  if (own >= 0) {
    problems.push({
      path: `${base}.issuer`,
      problem: `that of issuers[${own}], for whom the sidecar would speak`,
      remedy: "Give the sidecar a URL of its own.",
    });
  }
  return [...problems, ...findKeyProblems(assertion.keys)];
}

function findKeyProblems({ store, backend }: AssertionKeysConfiguration): readonly ConfigurationProblem[] {
  const path = "identityHeaders.assertion.keys.backend";
  if (store === "memory") {
    if (backend === undefined) return [];
    const problem = "a back end, and keys that are forgotten with the process";
    return [{ path, problem, remedy: "Write a `directory` for `store`, or remove `backend`." }];
  }
  if (backend === undefined) {
    const remedy = "Write { backend: file, directory: PATH, passphrase: { env: NAME } }, or a KMS.";
    return [{ path, problem: "nothing that could hold the keys", remedy }];
  }
  try {
    readBackendOptions(backend, path);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

function findUnusedAudiences({ routes, upstreams }: FileConfiguration): readonly ConfigurationProblem[] {
  const places = [
    ...routes.map(({ assertionAudience }, index) => [`routes[${index}]`, assertionAudience] as const),
    ...Object.entries(upstreams).map(
      ([name, own]) =>
        [`upstreams.${name}`, typeof own === "object" ? own.assertionAudience : undefined] as const,
    ),
  ];
  return places.flatMap(([path, audience]) =>
    audience === undefined
      ? []
      : [
          {
            path: `${path}.assertionAudience`,
            problem: "nothing that could be for it: there is no `identityHeaders.assertion`",
            remedy: "Write one, or remove `assertionAudience`.",
          },
        ],
  );
}
