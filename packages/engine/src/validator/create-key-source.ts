import type { IssuerRules } from "../issuers/trusted-issuer.ts";
import type { KeySource } from "../keys/key-source.ts";
import { createRemoteKeySet } from "../keys/remote-key-set.ts";
import { createStaticKeySource } from "../keys/static-key-source.ts";
import type { EngineEvent } from "../ports.ts";
import type { CheckedKeys } from "./check-keys.ts";
import type { CheckedOptions } from "./check-options.ts";

interface KeySourceParts {
  readonly rules: IssuerRules;
  readonly keys: CheckedKeys;
  readonly options: CheckedOptions;
  /** Tells whoever watches; never throws. */
  readonly tell: (event: EngineEvent) => void;
}

/** The source of an issuer's keys, isolated from every other issuer's. */
export function createKeySource({ rules, keys, options, tell }: KeySourceParts): KeySource {
  if (keys.kind === "static") {
    for (const { index, problem } of keys.set.refused) {
      tell({ type: "key_refused", issuer: rules.name, index, problem });
    }
    return createStaticKeySource(keys.set);
  }
  return createRemoteKeySet({
    issuer: rules.issuer,
    name: rules.name,
    source: keys.source,
    algorithms: rules.algorithms,
    settings: keys.settings,
    store: keys.store,
    fetch: options.fetch,
    clock: options.clock,
    observer: tell,
  });
}
