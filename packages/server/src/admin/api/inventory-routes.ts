/** What there is: issuers and their keys, the instances that judge, and who of them differs in what. */

import type { IssuerOptions } from "countersign";
import * as z from "zod";

import type { Revocations } from "../../revocation/revocations.ts";
import type { KnownInstance } from "../../stores/instance-registry.ts";
import { type ApiRoute, answerJson, defineRoute } from "./api-route.ts";
import { describeIssuerKeys } from "./describe-keys.ts";
import { findDifferences } from "./find-differences.ts";
import { inventoryAnswer } from "./inventory-forms.ts";
import type { KeyRoutesSetup } from "./key-routes.ts";

export interface InventoryRoutesSetup extends Omit<KeyRoutesSetup, "revocations"> {
  readonly revocations: Pick<Revocations, "instanceId" | "followed" | "store" | "maxStaleSeconds">;
}

const MAX_ISSUERS = 256;
const MAX_KEYS = 64;
const MAX_LISTED_INSTANCES = 1000;
const MAX_DIFFERENCES = 1000;

export function listInventoryRoutes(setup: InventoryRoutesSetup): readonly ApiRoute[] {
  const { revocations, metrics, clock } = setup;
  const { store, maxStaleSeconds, instanceId } = revocations;
  const route = defineRoute({
    method: "GET",
    path: "/inventory",
    operationId: "takeInventory",
    summary: "Lists issuers, keys and instances, and says which instance differs in what.",
    access: "operator",
    query: z.strictObject({}),
    answers: { 200: { description: "What there is.", schema: inventoryAnswer } },
    async handle() {
      const held = await setup.holders().readKeys();
      // The head first: what comes after it is nobody's arrears.
      const { head } = await store.read({ after: Number.MAX_SAFE_INTEGER, limit: 1 });
      const known = await store.listInstances();
      const nowMs = Math.floor(clock());
      const query = { self: instanceId, head: head.position, maxStaleSeconds };
      const differences = findDifferences(known, query);
      const sorted = known.toSorted((left, right) => (left.id < right.id ? -1 : 1));
      const issuers = setup.issuers();
      const description = { held, sightings: metrics.keySightings, list: revocations.followed.list, nowMs };
      return answerJson(200, {
        instance: instanceId,
        clockMs: nowMs,
        agrees: differences.length === 0,
        head: head.position,
        issuers: issuers.slice(0, MAX_ISSUERS).map((issuer) => {
          const { name, keySetHash, keys, isFailing } = describeIssuerKeys(issuer, description);
          return {
            name,
            issuer: issuer.issuer,
            ...describeSource(issuer),
            keySetHash,
            isFailing,
            keys: keys.slice(0, MAX_KEYS),
            keysOmitted: Math.max(0, keys.length - MAX_KEYS),
          };
        }),
        issuersOmitted: Math.max(0, issuers.length - MAX_ISSUERS),
        instances: sorted
          .slice(0, MAX_LISTED_INSTANCES)
          .map((each) => describeInstance(each, maxStaleSeconds)),
        instancesOmitted: Math.max(0, known.length - MAX_LISTED_INSTANCES),
        differences: differences.slice(0, MAX_DIFFERENCES),
        differencesOmitted: Math.max(0, differences.length - MAX_DIFFERENCES),
      });
    },
  });
  return [route];
}

function describeInstance(instance: KnownInstance, maxStaleSeconds: number): object {
  const { id, version, position, isConnected, silentMs } = instance;
  const { ageSeconds = null, configurationHash = null, keySets = null } = instance;
  const state = silentMs <= maxStaleSeconds * 1000 ? "live" : "silent";
  const silentSeconds = silentMs / 1000;
  return { id, version, state, position, ageSeconds, isConnected, silentSeconds, configurationHash, keySets };
}

function describeSource({ keys }: Pick<IssuerOptions, "keys">): object {
  if ("jwksUri" in keys) {
    // A query may hold what is not for everybody's eyes.
    const { origin, pathname } = new URL(keys.jwksUri);
    return { keySource: "jwksUri", jwksUri: `${origin}${pathname}` };
  }
  const keySource =
    (["discovery", "jwks", "secrets", "none"] as const).find((name) => name in keys) ?? "none";
  return { keySource, jwksUri: null };
}
