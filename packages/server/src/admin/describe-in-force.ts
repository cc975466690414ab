/** What an instance says of its configuration and keys to those that share its store. */

import { createHash } from "node:crypto";
import type { Configuration } from "../config/configuration.ts";
import { hashConfiguration } from "../config/hash-configuration.ts";
import { nameIssuer } from "../config/issuer-alias.ts";
import type { Revocations } from "../revocation/revocations.ts";
import { type InstanceReport, type KeySetReport, MAX_KEY_SETS } from "../stores/instance-registry.ts";
import { listIssuerKeys } from "./api/describe-keys.ts";
import { hashKeys } from "./counted-keys.ts";
import type { KeyHolders } from "./held-keys.ts";

/** How often an instance looks at what it will say of its configuration and keys. */
const DESCRIBE_INTERVAL_MS = 2000;

export type Described = Required<Pick<InstanceReport, "configurationHash" | "keySets">>;

type InForce = Pick<KeyHolders, "readKeys"> & { readonly configuration: Configuration };

async function describeInForce(inForce: InForce, nowMs: number): Promise<Described> {
  const held = await inForce.readKeys();
  const { configuration } = inForce;
  const keySets = configuration.issuers.map((issuer): KeySetReport => {
    const keys = listIssuerKeys(issuer, { held, nowMs });
    return {
      issuer: nameIssuer(issuer),
      hash: keys.length === 0 ? null : hashKeys(keys.map(({ jwk }) => jwk)),
    };
  });
  return { configurationHash: hashConfiguration(configuration), keySets: boundKeySets(keySets) };
}

/**
 * Keeps up what the reports say of it, and gives what ends that. It has its own time beside the reports: a process that
 * does not answer must not hold up what is said about revocations.
 */
export function keepDescribed(
  reporter: Pick<Revocations, "inForce">,
  { inForce, clock }: { inForce(): InForce; readonly clock: () => number },
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const tell = (described: Described | undefined): void => {
    reporter.inForce = described;
    if (!isStopped) timer = setTimeout(describe, DESCRIBE_INTERVAL_MS).unref();
  };
  const describe = (): void => {
    Promise.resolve()
      .then(() => describeInForce(inForce(), clock()))
      // What was said before would be taken for what is.
      .then(tell, () => tell(undefined));
  };
  describe();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

/** Those that have no room are one more set, so that a difference in any of them shows. */
export function boundKeySets(keySets: readonly KeySetReport[]): readonly KeySetReport[] {
  const sorted = keySets.toSorted((left, right) => (left.issuer < right.issuer ? -1 : 1));
  if (sorted.length <= MAX_KEY_SETS) return sorted;
  const rest = JSON.stringify(sorted.slice(MAX_KEY_SETS - 1).map(({ issuer, hash }) => [issuer, hash]));
  const hash = createHash("sha256").update(rest).digest("base64url");
  return [...sorted.slice(0, MAX_KEY_SETS - 1), { issuer: "*", hash }];
}
