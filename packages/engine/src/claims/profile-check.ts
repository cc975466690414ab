import { Refusal } from "../refusal.ts";
import type { ClaimCheck } from "./claim-check.ts";
import { type ClaimTest, compileAll, describeTest } from "./claim-test.ts";

/** Refuses tokens of which a rule has no test that passes: what tells a preset's tokens from the issuer's others. */
export function createProfileCheck(rules: readonly (readonly ClaimTest[])[]): ClaimCheck {
  const texts = rules.map((tests) => tests.map(describeTest).join(" or "));
  const compiled = rules.map((tests, index) => ({
    test: compileAll([tests]),
    refusal: new Refusal("type_mismatch", { expected: texts[index] }),
  }));
  return {
    name: "profile",
    expected: texts.join(", "),
    standsAlone: true,
    dependsOnTime: false,
    run: ({ claims }) => compiled.find(({ test }) => !test(claims))?.refusal,
    show: () => undefined,
  };
}
