import type { ConfigurationProblem } from "../validator/configuration-error.ts";
import type { ChallengeAttributes } from "./challenge-attributes.ts";
import { formatAttribute, MAX_ATTRIBUTE_CHARACTERS } from "./challenge-attributes.ts";
import type { ChallengeOptions } from "./create-challenge.ts";

const TEXT_REMEDY = `Use printable ASCII, at most ${MAX_ATTRIBUTE_CHARACTERS} characters`;
const WORDS_REMEDY = `${TEXT_REMEDY}: words without quotes and backslashes, one space between two`;

/**
 * Lists the options that a challenge could not carry and would leave out. Meant for the start of a program:
 * put the problems into a `ConfigurationError` of your own, under your own paths.
 */
export function checkChallengeOptions(options: ChallengeOptions): readonly ConfigurationProblem[] {
  const problems: ConfigurationProblem[] = [];
  function check<Name extends keyof ChallengeAttributes>(
    path: keyof ChallengeOptions,
    attribute: readonly [Name, ChallengeAttributes[Name], string],
  ): void {
    const [name, value, remedy] = attribute;
    if (value === undefined || formatAttribute(name, value) !== undefined) return;
    problems.push({ path, problem: `expected a value that ${name} of WWW-Authenticate can carry`, remedy });
  }
  check("realm", ["realm", options.realm, `${TEXT_REMEDY}, or leave it out.`]);
  check("scope", ["scope", options.scope, `${WORDS_REMEDY} (RFC 6749 section 3.3).`]);
  check("acrValues", ["acr_values", options.acrValues, `${WORDS_REMEDY} (RFC 9470 section 3).`]);
  check("maxAgeSeconds", ["max_age", options.maxAgeSeconds, "Use a whole number of seconds, 0 or more."]);
  check("resourceMetadata", [
    "resource_metadata",
    options.resourceMetadata,
    "Use an absolute https URL in ASCII.",
  ]);
  check("dpopAlgorithms", ["algs", options.dpopAlgorithms, "List JOSE algorithm names, at least one."]);
  return problems;
}
