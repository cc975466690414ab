/** A validator that also judges what an issuer says of a token, through the engine's own judge. */

import { createValidator, type Validator, type ValidatorOptions } from "countersign";

import { createBindingCheck } from "../../../engine/src/binding/create-binding-check.ts";
import { createTrustedIssuer } from "../../../engine/src/issuers/trusted-issuer.ts";
import { createStaticKeySource } from "../../../engine/src/keys/static-key-source.ts";
import { MemoryReplayStore } from "../../../engine/src/status/memory-replay-store.ts";
import { checkOptions } from "../../../engine/src/validator/check-options.ts";
import { HeaderMemory } from "../../../engine/src/validator/header-memory.ts";
import { judgeStated } from "../../../engine/src/validator/judge-stated.ts";
import type { StatedJudge } from "../../src/share-introspection.ts";

export function createStatingValidator(options: ValidatorOptions): Validator & StatedJudge {
  const { issuers, clock, maxTokenBytes, revocations } = checkOptions(options);
  const replay = new MemoryReplayStore({ clock });
  const judged = issuers.map(({ rules, keys, binding }) => {
    if ("settings" in keys) throw new TypeError("give keys inline");
    return {
      ...createTrustedIssuer(rules, createStaticKeySource(keys)),
      binding: binding && createBindingCheck({ rules: binding, clock }),
      clockToleranceSeconds: rules.clockToleranceSeconds,
    };
  });
  const setup = {
    issuers: new Map(judged.map((issuer) => [issuer.issuer, issuer])),
    maxTokenBytes,
    clock,
    headers: new HeaderMemory(),
    signatures: undefined,
    revocations,
    replay,
  };
  return Object.assign(createValidator(options), {
    judgeStated: (...[stated, context]: Parameters<StatedJudge["judgeStated"]>) =>
      judgeStated(setup, stated, { context, mayWait: true, notes: undefined }),
  });
}
